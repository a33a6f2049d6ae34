// SPDX-License-Identifier: Apache-2.0
//
// The daemon as a process: one line of JSON when its doors are open. Exit codes: 0 ended by a signal, 2 called wrongly, 3 could not start.
import { resolve } from 'node:path'
import { Command, InvalidArgumentError, Option } from 'commander'
import { codeOf, messageOf } from './error.ts'
import { startDaemon } from './start-daemon.ts'
import { installedVendorFile } from './vendor-update/vendor-file.ts'

const defaultPort = 4870

function readPort(text: string): number {
  if (!/^[0-9]{1,5}$/.test(text) || Number(text) > 65_535) throw new InvalidArgumentError('expected a port from 0 to 65535.')
  return Number(text)
}

const options = new Command('casemate-daemon')
  .requiredOption('--data <folder>', 'data folder of this runtime')
  .addOption(new Option('--engine <name>', 'engine of new instances').choices(['auto', 'qemu', 'v86'] as const).default('auto' as const))
  .option(
    '--launcher-port <number>',
    `port of the launcher's page on 127.0.0.1, 0 for any; without it ${defaultPort}, or any where that is taken`,
    readPort,
  )
  .exitOverride((error) => process.exit(error.exitCode === 0 ? 0 : 2))
  .parse()
  .opts<{ data: string; engine: 'auto' | 'qemu' | 'v86'; launcherPort?: number }>()

const { data, engine, launcherPort } = options
const launcher = { port: launcherPort ?? defaultPort, orAnother: launcherPort === undefined }
const daemon = await startDaemon({ data: resolve(data), engine, launcher, vendorFile: installedVendorFile }).catch((error: unknown) => {
  process.stderr.write(`casemate-daemon: ${codeOf(error)}: ${messageOf(error)}\n`)
  process.exit(3)
})
process.stdout.write(`${JSON.stringify({ ready: true, pid: process.pid, socket: daemon.socket, launcher: daemon.launcher })}\n`)
for (const signal of ['SIGTERM', 'SIGINT'] as const) {
  process.once(signal, () => {
    void daemon.close().then(
      () => process.exit(0),
      () => process.exit(3),
    )
  })
}
