// SPDX-License-Identifier: Apache-2.0
//
// The client runtime from a stick: daemon and launcher with their data on it, until Ctrl-C. Exit codes: 0 ended by a signal, 2 called
// wrongly, 3 could not start.
import { mkdir, stat } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { setTimeout } from 'node:timers/promises'
import { Command, Option } from 'commander'
import { callDaemon } from '../cli/call-daemon.ts'
import { codeOf, messageOf, RuntimeError } from '../daemon/error.ts'
import { startDaemon } from '../daemon/start-daemon.ts'

const patienceMs = 60_000

const { stick, engine } = new Command('casemate')
  .requiredOption('--stick <folder>', 'the stick')
  .addOption(new Option('--engine <name>', 'engine of new instances').choices(['auto', 'qemu', 'v86'] as const).default('v86' as const))
  .exitOverride((error) => process.exit(error.exitCode === 0 ? 0 : 2))
  .parse()
  .opts<{ stick: string; engine: 'auto' | 'qemu' | 'v86' }>()

/** @throws RuntimeError `stick-not-private`; the error of the system */
async function dataOn(folder: string): Promise<string> {
  const data = join(folder, 'data')
  await mkdir(data, { recursive: true, mode: 0o700 })
  if (((await stat(data)).mode & 0o077) === 0) return data
  const why = 'others can read what is kept there: its file system keeps no private files, as FAT and exFAT do not, or its mode was changed'
  throw new RuntimeError('stick-not-private', `\`${data}\`: ${why}; use a stick with ext4, or \`chmod -R go= ${data}\``)
}

const folder = resolve(stick)
const daemon = await dataOn(folder)
  .then((data) => startDaemon({ data, engine, keeping: 'carried', launcher: { port: 4870, orAnother: true } }))
  .catch((error: unknown) => {
    process.stderr.write(`casemate: ${codeOf(error)}: ${messageOf(error)}\n`)
    process.exit(3)
  })
console.log(`Casemate runs from ${folder}.

  Launcher   ${daemon.launcher}

  The first time: enrol in the launcher, then \`./casemate import\` in another terminal, which takes the desktop of this stick.
  Ctrl-C suspends what runs and ends Casemate. Take the stick out only then.`)
const asked = Promise.withResolvers<void>()
for (const signal of ['SIGTERM', 'SIGINT', 'SIGHUP'] as const) process.on(signal, () => asked.resolve())
await asked.promise
await suspendAll(join(folder, 'data')).catch((error: unknown) => process.stderr.write(`casemate: ${messageOf(error)}\n`))
await daemon.close()
process.exit(0)

/** A session that does not take it in time goes on until its own watch misses the daemon. */
async function suspendAll(data: string): Promise<void> {
  const running = async () => (await callDaemon(data, 'status', {})).instances.filter(({ session }) => session?.open === true)
  for (const { instance } of await running()) await callDaemon(data, 'stop', { instance, how: 'suspend' })
  for (const begun = Date.now(); (await running()).length > 0 && Date.now() - begun < patienceMs; ) await setTimeout(200)
}
