// SPDX-License-Identifier: Apache-2.0
//
// The daemon as a process: one line of JSON when its doors are open. Exit codes: 0 ended by a signal, 2 called wrongly, 3 could not start.
import { resolve } from 'node:path'
import { Command, Option } from 'commander'
import { codeOf, messageOf } from './error.ts'
import { startDaemon } from './start-daemon.ts'

const options = new Command('casemate-daemon')
  .requiredOption('--data <folder>', 'data folder of this runtime')
  .addOption(new Option('--engine <name>', 'engine of new instances').choices(['auto', 'qemu', 'v86'] as const).default('auto' as const))
  .exitOverride((error) => process.exit(error.exitCode === 0 ? 0 : 2))
  .parse()
  .opts<{ data: string; engine: 'auto' | 'qemu' | 'v86' }>()

const daemon = await startDaemon({ data: resolve(options.data), engine: options.engine }).catch((error: unknown) => {
  process.stderr.write(`casemate-daemon: ${codeOf(error)}: ${messageOf(error)}\n`)
  process.exit(3)
})
process.stdout.write(`${JSON.stringify({ ready: true, pid: process.pid, socket: daemon.socket })}\n`)
for (const signal of ['SIGTERM', 'SIGINT'] as const) {
  process.once(signal, () => {
    void daemon.close().then(
      () => process.exit(0),
      () => process.exit(3),
    )
  })
}
