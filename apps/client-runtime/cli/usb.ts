// SPDX-License-Identifier: Apache-2.0
import { Argument, Command } from 'commander'
import type { DaemonResponse } from '../local-api.ts'
import { callDaemon } from './call-daemon.ts'
import { CliError } from './error.ts'
import { type CommonOptions, instanceLines, print } from './print.ts'

const deeds = ['list', 'attach', 'detach'] as const

export function usbCommand(): Command {
  return new Command('usb')
    .description('give an open desktop a USB device of this computer, and take it back: attach <instance> <device>, detach <instance> <device>, list')
    .addArgument(new Argument('<deed>').choices(deeds))
    .argument('[instance]')
    .argument('[device]', 'its place, such as 1-2.4, or vendor and product, such as 0781:5567')
    .action(async (deed: (typeof deeds)[number], instance: string | undefined, device: string | undefined, options: CommonOptions) => {
      if (deed === 'list') {
        if (instance !== undefined) throw new CliError('usage', 'usage', '`usb list` takes no argument')
        const result = await callDaemon(options.data, 'usb', {})
        print(options, result, usbLines(result))
        return
      }
      if (instance === undefined || device === undefined) throw new CliError('usage', 'usage', `\`usb ${deed}\` takes an instance and a device`)
      const result = await callDaemon(options.data, 'changeUsb', { instance, device: device.toLowerCase(), attached: deed === 'attach' })
      print(options, result, instanceLines(result))
    })
}

function usbLines({ devices }: DaemonResponse<'usb'>): readonly string[] {
  const lines = devices.map(({ at, device, name, instance }) => `${at}  ${device}  ${name}${instance === null ? '' : ` (in ${instance})`}`.trimEnd())
  return lines.length === 0 ? ['no USB devices'] : lines
}
