// SPDX-License-Identifier: Apache-2.0
//
// Runs in a process of its own: takes a source in place of a file's, runs tests with it, answers whether one failed. Whoever asks ends
// the process where no answer comes.
import { join } from 'node:path'
import { createVitest, type TestSpecification, type Vitest } from 'vitest/node'
import { KEPT_SEED } from '../seed/choose-seed.ts'
import { type Answer, question } from './question.ts'

const root = join(import.meta.dirname, '../..')
/** The tests that are most likely to fail come first, so that the others need not run. */
class GivenOrder {
  shard(files: TestSpecification[]): TestSpecification[] {
    return files
  }
  sort(files: TestSpecification[]): TestSpecification[] {
    return files
  }
}

let mutated: { readonly path: string; readonly source: string } | null = null

let failed = false
/** The first failure is enough. Not `bail`, nor what a run returns: both know of former runs too. */
function fail(): void {
  failed = true
  void vitest.cancelCurrentRun('test-failure')
}

const vitest: Vitest = await createVitest(
  {
    ...{ config: false, root, watch: false, pool: 'forks', isolate: false, maxWorkers: 1, fsModuleCache: false },
    reporters: [
      {
        onTestCaseResult: (test) => void (test.result().state === 'failed' && fail()),
        onTestModuleEnd: (module) => void (module.ok() || fail()),
      },
    ],
    include: ['packages/policy/**/*.test.ts'],
    env: { CASEMATE_SEED: String(KEPT_SEED) },
    setupFiles: ['tools/seed/seed-property-tests.ts'],
    testTimeout: 600_000,
    sequence: { sequencer: GivenOrder },
  },
  {
    plugins: [{ name: 'mutant', enforce: 'pre', transform: (_code, id) => (id === mutated?.path ? mutated.source : undefined) }],
  },
)
const specifications = new Map((await vitest.globTestSpecifications()).map((found) => [found.moduleId, found]))

process.on('message', (message) => {
  const { file, source, tests } = question.parse(message)
  void outcomeOf(join(root, file), source, tests).then((answer) => process.send?.(answer))
})
// Whoever asked is gone.
process.on('disconnect', () => process.kill(-process.pid, 'SIGKILL'))
process.send?.({ ready: true })

async function outcomeOf(path: string, source: string | null, tests: readonly string[]): Promise<Answer> {
  if (mutated !== null) vitest.invalidateFile(mutated.path)
  mutated = source === null ? null : { path, source }
  vitest.invalidateFile(path)
  const chosen = tests.map((test) => specifications.get(join(root, test)))
  if (!chosen.every((found) => found !== undefined)) throw new Error(`expected test files, found ${tests.join()}`)
  const started = performance.now()
  failed = false
  const { unhandledErrors } = await vitest.runTestSpecifications([...chosen])
  return { failed: failed || unhandledErrors.length > 0, milliseconds: performance.now() - started }
}
