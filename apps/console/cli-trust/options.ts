// SPDX-License-Identifier: Apache-2.0
import { resolve } from 'node:path'
import { type Command, InvalidArgumentError, Option } from 'commander'
import { folderStore } from '../src/publish/folder-store.ts'
import { delegatedRoles, type OfflineRole } from '../src/publish/metadata.ts'
import type { RepositoryStore } from '../src/publish/store.ts'

export const offlineRoles: readonly OfflineRole[] = ['root', 'targets', ...delegatedRoles]

export const collect = (text: string, before: readonly string[] = []): readonly string[] => [...before, text]

export interface RepositoryOption {
  readonly repository: string
  readonly json?: true
}

export const withRepository = (command: Command): Command => command.requiredOption('--repository <folder>', "the organisation's repository")

export const roleOption = (roles: readonly string[]): Option => new Option('--role <role>', 'the role').choices(roles).makeOptionMandatory()

export const withPassphrases = (command: Command): Command =>
  command.option('--passphrase-file <file>', 'one line; one for all keys, or one for each in order; asked on the terminal without it', collect)

export const storeOf = ({ repository }: RepositoryOption): RepositoryStore => folderStore(resolve(repository))

/** Unix seconds: the administrator's own clock. */
export const clockNow = (): number => Math.floor(Date.now() / 1000)

export interface TargetOption {
  readonly path: string
  readonly file: string
}

/** `PATH=FILE` */
export function collectTarget(text: string, before: readonly TargetOption[] = []): readonly TargetOption[] {
  const at = text.indexOf('=')
  if (at < 1 || at === text.length - 1) throw new InvalidArgumentError('expected PATH=FILE, such as packages/office/1.json=manifest.json.')
  return [...before, { path: text.slice(0, at), file: text.slice(at + 1) }]
}

/** 64 hex digits. */
export function parseSha256(text: string): string {
  if (/^[0-9a-f]{64}$/.test(text)) return text
  throw new InvalidArgumentError('expected 64 lower-case hex digits, as `review` shows them.')
}
