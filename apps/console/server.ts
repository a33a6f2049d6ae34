#!/usr/bin/env node
// SPDX-License-Identifier: Apache-2.0
//
// The console server: `server.ts --data DIR --passphrase-file FILE [--listen HOST] [--device-port N]`. One JSON line on standard
// output when it is ready. Exit codes as of casemate-admin: 1 refused, 2 wrong usage, 3 the environment did not allow it.
import { Console } from 'node:console'
import { Command, InvalidArgumentError } from 'commander'
import { readPassphrase } from './cli/passphrase.ts'
import { runMain } from './cli/run-main.ts'
import { startConsole } from './start-console.ts'

interface Options {
  readonly data: string
  readonly listen: string
  readonly devicePort?: number
  readonly passphraseFile?: string
  readonly webPort?: number
  readonly webListen: string
  readonly webOrigin?: string
  readonly demoGuest?: string
}

// Standard output is for the line that says that it is ready; what libraries have to say is for the log.
globalThis.console = new Console(process.stderr)

const program = new Command('casemate-console')
  .description('Serve an organisation: devices over HTTPS, the operator on a unix socket.')
  .requiredOption('--data <folder>', 'made by `casemate-admin init`')
  .option('--listen <host>', 'host of the device door', '127.0.0.1')
  .option('--device-port <number>', 'port of the device door; without it or 0, the one of the last start', readPort)
  .option('--web-port <number>', 'port of the web door, 0 for any; without it there is none', readPort)
  .option('--web-listen <host>', 'host of the web door', '127.0.0.1')
  .option('--web-origin <origin>', 'under which browsers reach it, where that is not its own address', readOrigin)
  .option('--demo-guest <folder>', 'images of the demo guest, for whoever wants a machine to begin with')
  .option('--passphrase-file <file>', 'one line; asked on the terminal without it')
  .action(serve)

async function serve({ data, listen, devicePort = 0, passphraseFile, webPort, webListen, webOrigin, demoGuest }: Options): Promise<void> {
  const stopped = Promise.withResolvers<void>()
  for (const signal of ['SIGTERM', 'SIGINT'] as const) process.once(signal, () => stopped.resolve())
  const running = await startConsole({
    ...{ data, listen, passphrase: await readPassphrase(passphraseFile), devicePort: devicePort === 0 ? null : devicePort },
    ...(webPort === undefined ? {} : { web: { host: webListen, port: webPort, origin: webOrigin ?? null } }),
    ...(demoGuest === undefined ? {} : { demoGuest }),
    now: () => Date.now() / 1000,
    report: (error) => process.stderr.write(`${describe(error)}\n`),
  })
  const { device, pin, operator, web } = running
  process.stdout.write(`${JSON.stringify({ ready: true, pid: process.pid, device, pin, operator, web })}\n`)
  await stopped.promise
  await running.close()
}

/** Stack and causes, for the log of whoever runs the console. */
function describe(error: unknown): string {
  if (!(error instanceof Error)) return String(error)
  return error.cause === undefined ? (error.stack ?? error.message) : `${error.stack ?? error.message}\n  because ${describe(error.cause)}`
}

function readPort(text: string): number {
  const port = Number(text)
  if (!/^[0-9]{1,5}$/.test(text) || port > 65_535) throw new InvalidArgumentError('expected a port, 0 to 65535.')
  return port
}

function readOrigin(text: string): string {
  if (!URL.canParse(text) || new URL(text).origin !== text) throw new InvalidArgumentError('expected an origin, such as https://console.example.')
  return text
}

await runMain(program, process.argv)
