// SPDX-License-Identifier: Apache-2.0
//
// `npm run mutate -- [--file PART ...] [--jobs N] [--json FILE]`: changes one thing at a time in what decides and verifies, and says which
// changes no test noticed. It runs in parts: the JSON holds a file's report as soon as the file is done, and keeps those of other files.
import { readFile, writeFile } from 'node:fs/promises'
import { availableParallelism } from 'node:os'
import { join } from 'node:path'
import { Command, InvalidArgumentError } from 'commander'
import { type Mutant, mutantsOf } from './mutants.ts'
import { type FileReport, type Outcome, reportOf, scoreOf, wordsOf } from './report.ts'
import { RunnerProcess } from './runner-process.ts'
import { type Target, targetsOf } from './targets.ts'

const root = join(import.meta.dirname, '../..')
const atLeast = (text: string): number => {
  if (!/^[1-9][0-9]?$/.test(text)) throw new InvalidArgumentError('expected a number from 1 to 99')
  return Number(text)
}
const command = new Command('mutate')
  .option('--file <part...>', 'only files whose path holds one of these')
  .option('--jobs <n>', 'mutants that are tried at once', atLeast, availableParallelism())
  .option('--json <file>', 'where the report goes; what it says of other files stays')
  .parse()
const { file: parts = [], jobs, json } = command.opts<{ file?: string[]; jobs: number; json?: string }>()
const targets = targetsOf(parts)
if (targets.length === 0) command.error('error: no file of that name is mutated')

const runners = Array.from({ length: jobs }, () => new RunnerProcess())
const reports = new Map<string, FileReport>(json === undefined ? [] : await kept(json))
for (const target of targets) {
  const report = await mutate(target)
  reports.set(target.file, report)
  console.log(wordsOf(report))
  if (json !== undefined) await writeFile(json, `${JSON.stringify(summary([...reports.values()]), null, 1)}\n`)
}
for (const runner of runners) runner.end()
const { mutants, noticed, score } = summary([...reports.values()])
console.log(`${noticed} of ${mutants} noticed (${score} %)`)

async function mutate({ file, tests }: Target): Promise<FileReport> {
  const first = runners[0]
  const untouched = await first?.ask({ file, source: null, tests }, 600_000)
  if (untouched === undefined || untouched === null || untouched.failed)
    throw new Error(`expected tests that pass, found one that fails: ${tests.join(' ')}`)
  // Many times what the tests took: only what does not end should meet it, also on a machine that is busy.
  const limit = 30_000 + 5 * untouched.milliseconds
  const queue = [...mutantsOf(await readFile(join(root, file), 'utf8'))]
  const total = queue.length
  const outcomes: { readonly mutant: Mutant; readonly outcome: Outcome }[] = []
  await Promise.all(
    runners.map(async (runner) => {
      for (let mutant = queue.shift(); mutant !== undefined; mutant = queue.shift()) {
        const answer = await runner.ask({ file, source: mutant.source, tests }, limit)
        outcomes.push({ mutant, outcome: answer === null ? 'timed-out' : answer.failed ? 'killed' : 'survived' })
        if (process.stderr.isTTY) process.stderr.write(`\r${outcomes.length} of ${total} `)
      }
    }),
  )
  if (process.stderr.isTTY) process.stderr.write('\r')
  return reportOf(
    file,
    outcomes.sort((a, b) => a.mutant.line - b.mutant.line),
  )
}

function summary(files: readonly FileReport[]) {
  const survivors = files.flatMap((report) => report.survivors).length
  const total = files.reduce((sum, report) => sum + report.mutants, 0)
  return { score: scoreOf(files), mutants: total, noticed: total - survivors, files }
}

async function kept(path: string): Promise<(readonly [string, FileReport])[]> {
  const text = await readFile(path, 'utf8').catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return undefined
    throw error
  })
  if (text === undefined) return []
  const { files }: { readonly files: readonly FileReport[] } = JSON.parse(text)
  return files.map((report) => [report.file, report])
}
