// SPDX-License-Identifier: Apache-2.0
import { Argument, Command } from 'commander'
import type { GuestInfoView } from '../local-api.ts'
import { callDaemon } from './call-daemon.ts'
import { CliError } from './error.ts'
import { type CommonOptions, print } from './print.ts'

const deeds = ['list', 'set', 'unset'] as const
type Deed = (typeof deeds)[number]

export function infoCommand(): Command {
  return new Command('info')
    .description(
      'what a desktop and its guest tell each other (guestinfo.*): list <instance>, set <instance> <name> <value>, unset <instance> <name>',
    )
    .addArgument(new Argument('<deed>').choices(deeds))
    .argument('<instance>')
    .argument('[name]', 'as its policies list it, without `guestinfo.`')
    .argument('[value]', 'kept in clear: no secret')
    .action(async (deed: Deed, instance: string, name: string | undefined, value: string | undefined, options: CommonOptions) => {
      const result = await ask(options.data, deed, instance, name, value)
      print(options, result, infoLines(result))
    })
}

function ask(data: string, deed: Deed, instance: string, name: string | undefined, value: string | undefined): Promise<GuestInfoView> {
  if (deed === 'list') {
    if (name !== undefined) throw new CliError('usage', 'usage', '`info list` takes an instance alone')
    return callDaemon(data, 'guestInfo', { instance })
  }
  if (name === undefined || (deed === 'set') !== (value !== undefined))
    throw new CliError('usage', 'usage', `\`info ${deed}\` takes an instance, a name${deed === 'set' ? ' and a value' : ''}`)
  return callDaemon(data, 'setGuestInfo', { instance, name, value: value ?? null })
}

function infoLines({ values, refused }: GuestInfoView): readonly string[] {
  const lines = values.map(({ name, by, given, bytes, shown }) => {
    const way = by === 'guest' ? 'from the guest' : given ? 'to the guest' : 'not given now'
    return `${name} (${way}, ${by === 'runtime' ? 'fixed' : `set by the ${by}`}, ${bytes} bytes): ${shown}`
  })
  const counted = refused.map(({ code, count }) => `refused to the guest: ${code}, ${count} times`)
  return lines.length + counted.length === 0 ? ['no values'] : [...lines, ...counted]
}
