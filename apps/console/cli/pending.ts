// SPDX-License-Identifier: Apache-2.0
import { Command } from 'commander'
import { z } from 'zod'
import { type DataOption, withData } from './data-option.ts'
import { callOperator } from './operator-call.ts'
import { print } from './output.ts'

const waiting = z.object({
  role: z.string(),
  version: z.number(),
  author: z.string(),
  added: z.array(z.object({ path: z.string() })),
  removed: z.array(z.object({ path: z.string() })),
  progress: z.array(z.object({ needed: z.number(), given: z.number() })),
})

export function pendingCommand(): Command {
  return withData(new Command('pending'))
    .description('list what waits for approval')
    .action(async ({ data, json }: DataOption) => {
      const { raw, read } = await callOperator(data, 'list-pending', {}, z.object({ pending: z.array(waiting) }))
      const lines = read.pending.flatMap(({ role, version, author, added, removed, progress }) => [
        `${role} ${version}, by ${author}: ${progress.map(({ given, needed }) => `${given} of ${needed} approvals`).join(', ')}`,
        ...added.map(({ path }) => `  + ${path}`),
        ...removed.map(({ path }) => `  - ${path}`),
      ])
      print(json, raw, lines.length === 0 ? ['nothing waits'] : lines)
    })
}

export function withdrawCommand(): Command {
  return withData(new Command('withdraw'))
    .description('forget the waiting version of a role, with its signatures')
    .requiredOption('--role <role>', 'packages, policies, releases, targets or root')
    .action(async ({ data, role, json }: DataOption & { readonly role: string }) => {
      const { raw } = await callOperator(data, 'withdraw', { role }, z.object({}))
      print(json, raw, [`nothing waits for role ${role} now`])
    })
}
