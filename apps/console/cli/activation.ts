// SPDX-License-Identifier: Apache-2.0
import { Command } from 'commander'
import { z } from 'zod'
import { type DataOption, readCount, withData } from './data-option.ts'
import { callOperator } from './operator-call.ts'
import { print } from './output.ts'
import { readPassphrase } from './passphrase.ts'

export function activationPasswordCommand(): Command {
  return onDesktop('password')
    .description('set the password that activates a desktop; it replaces the one before')
    .option('--password-file <file>', 'one line; asked on the terminal without it')
    .action(async ({ data, desktop, passwordFile, json }: DataOption & { readonly desktop: string; readonly passwordFile?: string }) => {
      const password = await readPassphrase(passwordFile, 'Activation password: ')
      const { raw } = await callOperator(data, 'set-activation-password', { desktop, password }, z.object({}))
      print(json, raw, [`\`${desktop}\` is activated with this password now`])
    })
}

export function activationKeyCommand(): Command {
  return onDesktop('key')
    .description('make a key that activates a desktop; it is shown once')
    .option('--uses <count>', 'how often it can be used', readCount, 1)
    .action(async ({ data, desktop, uses, json }: DataOption & { readonly desktop: string; readonly uses: number | null }) => {
      const { raw, read } = await callOperator(data, 'new-activation-key', { desktop, uses }, z.object({ key: z.string() }))
      print(json, raw, [read.key, uses === null ? 'for any number of activations' : `for ${uses} activations`])
    })
}

export function activationLimitCommand(): Command {
  return onDesktop('limit')
    .description('limit the activations of a desktop on all devices together')
    .requiredOption('--most <count>', 'a number, or `unlimited`', readCount)
    .action(async ({ data, desktop, most, json }: DataOption & { readonly desktop: string; readonly most: number | null }) => {
      const { raw } = await callOperator(data, 'limit-activations', { desktop, most }, z.object({}))
      print(json, raw, [most === null ? 'no limit' : `at most ${most} activations`])
    })
}

const onDesktop = (name: string): Command => withData(new Command(name)).requiredOption('--desktop <slug>', 'the desktop')
