// SPDX-License-Identifier: Apache-2.0
import { Command } from 'commander'
import { z } from 'zod'
import { type DataOption, timeText, withData } from './data-option.ts'
import { callOperator } from './operator-call.ts'
import { print } from './output.ts'

const summary = z.object({
  id: z.string(),
  name: z.string(),
  state: z.string(),
  stateReason: z.string().nullable(),
  user: z.string().nullable(),
  lastSeenAt: z.number().nullable(),
  silent: z.boolean(),
})

export function deviceListCommand(): Command {
  return withData(new Command('list'))
    .description('list the enrolled devices')
    .action(async ({ data, json }: DataOption) => {
      const { raw, read } = await callOperator(data, 'list-devices', {}, z.object({ devices: z.array(summary) }))
      print(json, raw, read.devices.length === 0 ? ['no device is enrolled'] : read.devices.map(lineOf))
    })
}

export function deviceShowCommand(): Command {
  const desktop = z.object({
    desktop: z.string(),
    wanted: z.number(),
    instances: z.array(z.object({ name: z.string(), applied: z.number().nullable() })),
  })
  return withData(new Command('show').argument('<device>'))
    .description('show a device and its desktops: wanted and applied release')
    .action(async (device: string, { data, json }: DataOption) => {
      const { raw, read } = await callOperator(data, 'show-device', { device }, summary.extend({ desktops: z.array(desktop) }))
      const desktops = read.desktops.flatMap(({ desktop: name, wanted, instances }) => [
        `  ${name}: release ${wanted}`,
        ...instances.map((instance) => `    ${instance.name}: ${instance.applied === null ? 'has not run' : `runs release ${instance.applied}`}`),
      ])
      print(json, raw, [lineOf(read), ...desktops])
    })
}

export function deviceRevokeCommand(): Command {
  return withData(new Command('revoke').argument('<device>'))
    .description('suspend everything on a device, at once where it is in contact')
    .requiredOption('--why <text>', "shown to the device's user")
    .action(async (device: string, { data, why, json }: DataOption & { readonly why: string }) => {
      const { raw } = await callOperator(data, 'revoke-device', { device, why }, z.object({}))
      print(json, raw, [`\`${device}\` is revoked`])
    })
}

export function deviceReinstateCommand(): Command {
  return withData(new Command('reinstate').argument('<device>'))
    .description('let a revoked or suspended device run again')
    .action(async (device: string, { data, json }: DataOption) => {
      const { raw } = await callOperator(data, 'reinstate-device', { device }, z.object({}))
      print(json, raw, [`\`${device}\` may run again`])
    })
}

function lineOf({ id, name, state, stateReason, user, lastSeenAt, silent }: z.infer<typeof summary>): string {
  const seen = lastSeenAt === null ? 'never seen' : `seen ${timeText(lastSeenAt)}`
  return `${id}  ${name}  ${user ?? '-'}  ${state}${stateReason === null ? '' : ` (${stateReason})`}  ${seen}${silent ? ', SILENT past its lease' : ''}`
}
