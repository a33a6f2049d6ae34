// SPDX-License-Identifier: Apache-2.0
//
// What a help desk grants one device beyond its policies: signed overrides, and codes to be read out.
import { Command, InvalidArgumentError, Option } from 'commander'
import { z } from 'zod'
import { type DataOption, readDuration, timeText, withData } from './data-option.ts'
import { callOperator } from './operator-call.ts'
import { print } from './output.ts'

interface OnDesktop extends DataOption {
  readonly device: string
  readonly desktop: string
  readonly for: number
}

export function helpDeskExtendCommand(): Command {
  return onDesktop('extend')
    .description('let a device use a desktop for longer, or for longer without contact, than its policies say')
    .option('--days <count>', "days of 24 h after the policies' end", readWhole)
    .option('--offline <duration>', 'by how much the limits of being without contact move on', readDuration)
    .action(async ({ days, offline, ...options }: OnDesktop & { readonly days?: number; readonly offline?: number }) => {
      const grant = {
        ...(days === undefined ? {} : { expiryDays: days }),
        ...(offline === undefined ? {} : { offlineMinutes: Math.ceil(offline / 60) }),
      }
      await grantOverride(options, { kind: 'extension', grant })
    })
}

export function helpDeskExceptCommand(): Command {
  return onDesktop('except')
    .description('give a device another value of one setting than its policies do')
    .requiredOption('--setting <name>', 'name of the setting')
    .addOption(new Option('--value <json>', 'its value, as in a policy').makeOptionMandatory().argParser(readJson))
    .action(async ({ setting, value, ...options }: OnDesktop & { readonly setting: string; readonly value: unknown }) => {
      await grantOverride(options, { kind: 'exception', grant: { setting, value } })
    })
}

export function helpDeskAllowResetCommand(): Command {
  return onDesktop('allow-reset')
    .description('let the password of an instance be made anew')
    .requiredOption('--instance <name>', 'the instance')
    .action(async ({ instance, ...options }: OnDesktop & { readonly instance: string }) => {
      await grantOverride(options, { kind: 'reset', grant: { instance } })
    })
}

export function helpDeskAllowMoveCommand(): Command {
  return onDesktop('allow-move')
    .description('let an instance that was activated on another device be bound to this one; administrators still have to give their shares')
    .requiredOption('--from <id>', 'the device on which it was activated')
    .requiredOption('--instance <name>', 'the instance')
    .action(
      async ({
        data,
        device,
        desktop,
        from,
        instance,
        for: lifetimeSeconds,
        json,
      }: OnDesktop & { readonly from: string; readonly instance: string }) => {
        const { raw, read } = await callOperator(data, 'allow-move', { device, desktop, instance, from, lifetimeSeconds }, granted)
        print(json, raw, grantedLines(read))
      },
    )
}

export function helpDeskListCommand(): Command {
  const listed = z.object({
    id: z.string(),
    desktop: z.string(),
    kind: z.string(),
    grant: z.unknown(),
    issuedBy: z.string(),
    expires: z.number(),
    ended: z.boolean(),
  })
  return withData(new Command('list'))
    .description('list what a device was granted, the newest first')
    .requiredOption('--device <id>', 'the device')
    .action(async ({ data, device, json }: DataOption & { readonly device: string }) => {
      const { raw, read } = await callOperator(data, 'list-overrides', { device }, z.object({ overrides: z.array(listed) }))
      const lines = read.overrides.map(
        ({ id, desktop, kind, grant, issuedBy, expires, ended }) =>
          `${id}  ${desktop}  ${kind} ${JSON.stringify(grant)} by ${issuedBy}, ${ended ? 'ended' : 'until'} ${timeText(expires)}`,
      )
      print(json, raw, lines.length === 0 ? [`\`${device}\` was granted nothing`] : lines)
    })
}

export function helpDeskRescueCommand(): Command {
  return withData(new Command('rescue'))
    .description('find the code for the request that a user reads out; each code is given once')
    .requiredOption('--request <text>', 'such as laptop-1/40/offline/7K')
    .action(async ({ data, request, json }: DataOption & { readonly request: string }) => {
      const { raw, read } = await callOperator(data, 'read-out-rescue-code', { request }, z.object({ code: z.string(), left: z.number() }))
      print(json, raw, [read.code, `good for one use; ${read.left === 0 ? 'no other code' : `${read.left} more`} until the device connects again`])
    })
}

const onDesktop = (name: string): Command =>
  withData(new Command(name))
    .requiredOption('--device <id>', 'the device')
    .requiredOption('--desktop <slug>', 'the desktop')
    .option('--for <duration>', 'until when it holds, from now on', readDuration, 86_400)

async function grantOverride({ data, device, desktop, for: lifetimeSeconds, json }: OnDesktop, wanted: object): Promise<void> {
  const body = { device, desktop, wanted, lifetimeSeconds }
  const { raw, read } = await callOperator(data, 'grant-override', body, granted)
  print(json, raw, grantedLines(read))
}

const granted = z.object({ id: z.string(), token: z.string(), expires: z.number() })

function grantedLines({ id, token, expires }: z.infer<typeof granted>): readonly string[] {
  return [token, `override ${id} until ${timeText(expires)}; the device takes it with its next contact, or by \`casemate override FILE\``]
}

function readWhole(text: string): number {
  if (!/^[1-9][0-9]{0,4}$/.test(text)) throw new InvalidArgumentError('expected a number from 1 on.')
  return Number(text)
}

function readJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    throw new InvalidArgumentError('expected JSON, such as \'{"maxTextBytes":1000}\' or \'"suspend"\'.')
  }
}
