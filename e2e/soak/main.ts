// SPDX-License-Identifier: Apache-2.0
//
// `npm run soak -- package|engine --seed N --count N [--round R] [--json]`: one line a round. Exit codes: 0 nothing was lost, 1 something was,
// 2 called wrongly.
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Command, InvalidArgumentError } from 'commander'
import type { Round } from './soak.ts'
import { soakEngine } from './soak-engine.ts'
import { soakPackage } from './soak-package.ts'

const program = new Command('soak').exitOverride(({ exitCode }) => process.exit(exitCode === 0 ? 0 : 2))
const soaks = {
  package: [soakPackage, 'kill seals, fetches and VMs at random moments, and look for what was lost'],
  engine: [soakEngine, 'kill a process of a desktop at a random moment, and look for what was lost and for states without a name'],
} as const
type Soak = keyof typeof soaks

for (const name of Object.keys(soaks) as Soak[]) {
  program
    .command(name)
    .description(soaks[name][1])
    .requiredOption('--seed <number>', 'what the moments are drawn from', whole)
    .option('--count <number>', 'rounds', whole, 4)
    .option('--round <number>', 'only this one', whole)
    .option('--json', 'one JSON object a line')
    .action((options: Options) => soak(name, options))
}
await program.parseAsync()

interface Options {
  readonly seed: number
  readonly count: number
  readonly round?: number
  readonly json?: true
}

async function soak(name: Soak, { seed, count, round, json }: Options): Promise<void> {
  const rounds = round === undefined ? Array.from({ length: count }, (_, index) => index + 1) : [round]
  const folder = await mkdtemp(join(tmpdir(), 'soak-'))
  const [run] = soaks[name]
  const done = await run({ seed, rounds, folder, onRound: (each) => process.stdout.write(`${json ? JSON.stringify(each) : lineOf(each)}\n`) })
  const failed = done.filter(({ ok }) => !ok)
  if (failed.length === 0) return await rm(folder, { recursive: true })
  process.exitCode = 1
  process.stderr.write(`${failed.length} of ${done.length} rounds failed; what they left is in ${folder}\n`)
  for (const each of failed) process.stderr.write(`to repeat it: npm run soak -- ${name} --seed ${seed} --round ${each.round}\n`)
}

function lineOf({ round, kind, ok, detail, seconds }: Round): string {
  return `${ok ? 'ok' : 'FAILED'}  ${round} ${kind} (${seconds} s): ${detail}`
}

function whole(text: string): number {
  const number = Number(text)
  if (!/^[0-9]+$/.test(text) || number < 1 || number > 2 ** 31 - 1) throw new InvalidArgumentError('expected a whole number from 1')
  return number
}
