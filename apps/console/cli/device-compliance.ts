// SPDX-License-Identifier: Apache-2.0
import { Command } from 'commander'
import { z } from 'zod'
import { type DataOption, timeText, withData } from './data-option.ts'
import { callOperator } from './operator-call.ts'
import { print } from './output.ts'
import { exitCode } from './run-main.ts'

const compliance = z.object({
  reportedAt: z.number().nullable(),
  compliant: z.boolean(),
  sessions: z.array(
    z.object({
      ...{ session: z.string(), desktop: z.string(), applied: z.number(), wanted: z.number().nullable(), compliant: z.boolean() },
      differences: z.array(z.object({ between: z.string(), field: z.string(), wanted: z.string(), found: z.string() })),
    }),
  ),
})

export function deviceComplianceCommand(): Command {
  return withData(new Command('compliance').argument('<device>'))
    .description('what policies give, what the device decided, what it observed; exit 1 where they differ')
    .action(async (device: string, { data, json }: DataOption) => {
      const { raw, read } = await callOperator(data, 'device-compliance', { device }, compliance)
      if (!read.compliant) process.exitCode = exitCode.refused
      const reported = read.reportedAt === null ? 'it never reported' : `reported ${timeText(read.reportedAt)}, ${read.sessions.length} sessions`
      const sessions = read.sessions.flatMap(({ session, desktop, applied, wanted, differences }) => [
        `${session}: ${desktop}, release ${applied} of ${wanted ?? 'none'}: ${differences.length === 0 ? 'compliant' : 'NOT compliant'}`,
        ...differences.map(({ between, field, wanted: expected, found }) => `  ${between}, ${field}: expected ${expected}, found ${found}`),
      ])
      print(json, raw, [reported, ...sessions])
    })
}

export function deviceReportCommand(): Command {
  const report = z.object({
    head: z.object({ seq: z.number(), receivedAt: z.number() }).nullable(),
    verified: z.boolean(),
    fault: z.object({ kind: z.string(), message: z.string() }).nullable(),
    entries: z.array(z.object({ seq: z.number(), wall: z.number(), type: z.string(), data: z.json() })),
  })
  return withData(new Command('report').argument('<device>'))
    .description("a device's journal as receipted, its chain checked from the first line; exit 1 where it does not hold")
    .option('--last <count>', 'how many entries to show', Number, 20)
    .action(async (device: string, { data, last, json }: DataOption & { readonly last: number }) => {
      const { raw, read } = await callOperator(data, 'device-report', { device, last }, report)
      const { head, verified, fault, entries } = read
      if (!verified || fault !== null) process.exitCode = exitCode.refused
      print(json, raw, [
        head === null
          ? 'nothing was reported yet'
          : `${head.seq} lines, the last received ${timeText(head.receivedAt)}: ${verified ? 'gap-free' : 'NOT one chain'}`,
        ...(fault === null ? [] : [`fault: ${fault.kind}, ${fault.message}`]),
        ...entries.map(({ seq, wall, type, data: details }) => `${seq}  ${timeText(wall)}  ${type}  ${JSON.stringify(details)}`),
      ])
    })
}
