// SPDX-License-Identifier: Apache-2.0
import { keyListPath, parseEscrowKeys } from '@casemate/policy/key-list'
import { Command } from 'commander'
import { readSmallFile } from '../cli/files.ts'
import { print } from '../cli/output.ts'
import { limits } from '../src/publish/limits.ts'
import type { OfflineRole } from '../src/publish/metadata.ts'
import { reviewPending } from '../src/publish/review.ts'
import { stageRenewals } from '../src/publish/stage-renewals.ts'
import { stageTargets } from '../src/publish/stage-targets.ts'
import { withdraw } from '../src/publish/withdraw.ts'
import { TrustError } from './error.ts'
import {
  clockNow,
  collect,
  collectTarget,
  offlineRoles,
  type RepositoryOption,
  roleOption,
  storeOf,
  type TargetOption,
  withRepository,
} from './options.ts'

interface StageOptions extends RepositoryOption {
  readonly role: OfflineRole
  readonly author: string
  readonly add?: readonly TargetOption[]
  readonly remove?: readonly string[]
}

export function stageCommand(): Command {
  const command = new Command('stage')
    .description('make the next version of a role, to be signed; without a change it renews the expiry')
    .addOption(roleOption(offlineRoles))
    .requiredOption('--author <name>', 'who makes the change')
    .option('--add <path=file>', 'a new target and the file with its bytes; may be repeated', collectTarget)
    .option('--remove <path>', 'a target that is no longer approved; may be repeated', collect)
  return withRepository(command).action(async (options: StageOptions) => {
    const { role, author, add = [], remove = [], json } = options
    if (role === 'root' && add.length + remove.length > 0) throw new TrustError('usage', 'root has no targets: it can be renewed only')
    const targets = []
    for (const { path, file } of add) {
      const bytes = new Uint8Array(await readSmallFile(file, limits.target))
      // Read as a device reads it: one that no device takes is not approved by mistake.
      if (path === keyListPath('escrow')) await parseEscrowKeys(bytes)
      targets.push({ path, bytes })
    }
    if (role === 'root') await stageRenewals(storeOf(options), { roles: ['root'], author, now: clockNow() })
    else await stageTargets(storeOf(options), { role, author, now: clockNow(), add: targets, remove })
    const { version, sha256 } = await reviewPending(storeOf(options), role)
    print(json, { role, version, sha256 }, [`\`${role}\` ${version} waits for signatures`, `sha256 ${sha256}`])
  })
}

export function withdrawCommand(): Command {
  const command = new Command('withdraw').description('forget the waiting version of a role').addOption(roleOption(offlineRoles))
  return withRepository(command).action(async (options: RepositoryOption & { readonly role: OfflineRole }) => {
    await withdraw(storeOf(options), options.role)
    print(options.json, { role: options.role }, [`no version of \`${options.role}\` waits any more`])
  })
}
