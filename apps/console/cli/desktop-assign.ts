// SPDX-License-Identifier: Apache-2.0
import { Command } from 'commander'
import { z } from 'zod'
import { type DataOption, withData } from './data-option.ts'
import { AdminError } from './error.ts'
import { callOperator } from './operator-call.ts'
import { print } from './output.ts'

interface Options extends DataOption {
  readonly desktop: string
  readonly all?: true
  readonly device?: string
  readonly user?: string
  readonly group?: string
  readonly tag?: string
}

export const desktopAssignCommand = (): Command => command('assign', 'assign-desktop', 'give a desktop to a device, a user, a group, a tag or all')
export const desktopUnassignCommand = (): Command => command('unassign', 'unassign-desktop', 'take a desktop back')

function command(name: string, call: string, description: string): Command {
  return withData(new Command(name))
    .description(description)
    .requiredOption('--desktop <slug>', 'the desktop')
    .option('--device <id>', 'one device')
    .option('--user <name>', 'all devices of a user')
    .option('--group <name>', 'all devices of a group')
    .option('--tag <name>', 'all devices with a tag')
    .option('--all', 'every device')
    .action(async (options: Options) => {
      const { data, desktop, json } = options
      const { raw, read } = await callOperator(data, call, { desktop, ...assigneeOf(options) }, z.object({ devices: z.array(z.string()) }))
      print(json, raw, [`concerns ${read.devices.length} devices now`])
    })
}

function assigneeOf(options: Options): { readonly subject: string; readonly value: string } {
  const given = (['device', 'user', 'group', 'tag'] as const).flatMap((subject) => {
    const value = options[subject]
    return value === undefined ? [] : [{ subject, value }]
  })
  const [first, ...more] = [...given, ...(options.all === true ? [{ subject: 'all', value: '' }] : [])]
  if (first === undefined || more.length > 0)
    throw new AdminError('usage', 'usage', 'expected one of `--device`, `--user`, `--group`, `--tag`, `--all`')
  return first
}
