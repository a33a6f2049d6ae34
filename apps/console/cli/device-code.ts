// SPDX-License-Identifier: Apache-2.0
import { Command } from 'commander'
import { z } from 'zod'
import { collect, type DataOption, readDuration, timeText, withData } from './data-option.ts'
import { callOperator } from './operator-call.ts'
import { print } from './output.ts'

interface Options extends DataOption {
  readonly user?: string
  readonly group?: readonly string[]
  readonly tag?: readonly string[]
  readonly expires: number
}

export function deviceCodeCommand(): Command {
  return withData(new Command('code'))
    .description('make a code with which one device can enrol; it is shown once')
    .option('--user <name>', 'whose device it becomes')
    .option('--group <name>', 'a group of it (repeatable)', collect)
    .option('--tag <name>', 'a tag of it (repeatable)', collect)
    .option('--expires <duration>', 'how long the code can be used', readDuration, 3600)
    .action(async ({ data, user, group, tag, expires, json }: Options) => {
      const body = { user: user ?? null, groups: group ?? [], tags: tag ?? [], lifetimeSeconds: expires }
      const { raw, read } = await callOperator(data, 'new-code', body, z.object({ code: z.string(), expires: z.number() }))
      print(json, raw, [read.code, `for one device, until ${timeText(read.expires)}`])
    })
}
