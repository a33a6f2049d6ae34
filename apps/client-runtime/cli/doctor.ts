// SPDX-License-Identifier: Apache-2.0
import { Command } from 'commander'
import { callDaemon } from './call-daemon.ts'
import { exitCode } from './error.ts'
import { type CommonOptions, print } from './print.ts'

export function doctorCommand(): Command {
  return new Command('doctor')
    .description('try each part that a desktop needs; exit code 1 where something is wrong')
    .action(async (options: CommonOptions) => {
      const result = await callDaemon(options.data, 'doctor', {})
      const lines = result.checks.flatMap(({ check, ok, message, hint }) => [
        `${ok ? 'ok ' : 'no '} ${check}: ${message}`,
        ...(ok ? [] : [`    ${hint}`]),
      ])
      print(options, result, lines)
      // One engine that works is enough to run desktops.
      const engine = result.checks.some(({ check, ok }) => ok && (check === 'qemu' || check === 'v86'))
      // A computer without USB runs every desktop that needs none.
      const others = result.checks.every(({ check, ok }) => ok || check === 'qemu' || check === 'v86' || check === 'usb')
      if (!engine || !others) process.exitCode = exitCode.refused
    })
}
