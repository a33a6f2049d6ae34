// SPDX-License-Identifier: Apache-2.0
import { Command } from 'commander'
import { z } from 'zod'
import { type DataOption, withData } from './data-option.ts'
import { callOperator } from './operator-call.ts'
import { print } from './output.ts'
import { readPassphrase } from './passphrase.ts'

interface AddOptions extends DataOption {
  readonly login: string
  readonly name: string
  readonly role: readonly string[]
  readonly passwordFile?: string
}

const withPassword = z.object({ login: z.string(), password: z.string().nullable() })
const collect = (text: string, before: readonly string[] = []): readonly string[] => [...before, text]

export function userAddCommand(): Command {
  return withData(new Command('add'))
    .description('let somebody sign in to the console; a generated password is printed once')
    .requiredOption('--login <login>', 'lower case')
    .requiredOption('--name <text>', 'for people')
    .requiredOption('--role <role>', 'administrator, author, publisher, help-desk or auditor (repeatable)', collect)
    .option('--password-file <file>', 'one line; generated without it')
    .action(async ({ data, login, name, role, passwordFile, json }: AddOptions) => {
      const password = passwordFile === undefined ? null : await readPassphrase(passwordFile)
      const { raw, read } = await callOperator(data, 'add-user', { login, name, roles: role, password }, withPassword)
      print(json, raw, [`added \`${login}\``, ...passwordLine(read.password)])
    })
}

export function userListCommand(): Command {
  const row = z.object({ login: z.string(), name: z.string(), roles: z.array(z.string()), disabled: z.boolean() })
  return withData(new Command('list'))
    .description('who may sign in')
    .action(async ({ data, json }: DataOption) => {
      const { raw, read } = await callOperator(data, 'list-users', {}, z.object({ users: z.array(row) }))
      print(
        json,
        raw,
        read.users.map(({ login, name, roles, disabled }) => `${login}  ${name}  ${roles.join(', ')}${disabled ? '  disabled' : ''}`),
      )
    })
}

interface PasswordOptions extends DataOption {
  readonly login: string
  readonly passwordFile?: string
}

export function userPasswordCommand(): Command {
  return withData(new Command('set-password'))
    .description("set a user's password, and end its sessions")
    .requiredOption('--login <login>')
    .option('--password-file <file>', 'one line; generated without it')
    .action(async ({ data, login, passwordFile, json }: PasswordOptions) => {
      const password = passwordFile === undefined ? null : await readPassphrase(passwordFile)
      const { raw, read } = await callOperator(data, 'set-user-password', { login, password }, withPassword)
      print(json, raw, [`set the password of \`${login}\``, ...passwordLine(read.password)])
    })
}

const changes = { disable: 'end its sessions and let it in no more', enable: 'let it in again', 'sign-out': 'end its sessions' } as const

export const userChangeCommands = Object.entries(changes).map(
  ([change, about]) =>
    () =>
      withData(new Command(change))
        .description(about)
        .requiredOption('--login <login>')
        .action(async ({ data, login, json }: DataOption & { readonly login: string }) => {
          const { raw } = await callOperator(data, 'change-user', { login, change }, z.object({}))
          print(json, raw, [`${change}: \`${login}\``])
        }),
)

const passwordLine = (password: string | null): readonly string[] => (password === null ? [] : [`password  ${password}   (shown this once)`])
