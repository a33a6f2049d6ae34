// SPDX-License-Identifier: Apache-2.0
import { Command } from 'commander'
import { z } from 'zod'
import { type DataOption, timeText, withData } from './data-option.ts'
import { callOperator } from './operator-call.ts'
import { print } from './output.ts'

const entry = z.object({ seq: z.number(), at: z.number(), actor: z.string(), action: z.string(), subject: z.string(), details: z.json() })

export function auditCommand(): Command {
  return withData(new Command('audit'))
    .description('who did what; the chain is checked from its first line. Keep the head elsewhere: it shows that nothing was changed')
    .action(async ({ data, json }: DataOption) => {
      const { raw, read } = await callOperator(data, 'read-audit', {}, z.object({ head: z.string(), entries: z.array(entry) }))
      const lines = read.entries.map(
        ({ seq, at, actor, action, subject, details }) => `${seq}  ${timeText(at)}  ${actor}  ${action}  ${subject}  ${JSON.stringify(details)}`,
      )
      print(json, raw, [...lines, `head ${read.head}`])
    })
}
