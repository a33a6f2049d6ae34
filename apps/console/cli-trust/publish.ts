// SPDX-License-Identifier: Apache-2.0
import { Command } from 'commander'
import { print } from '../cli/output.ts'
import { publish } from '../src/publish/publish.ts'
import { renew } from '../src/publish/renew.ts'
import { type RepositoryStatus, type RoleStatus, statusOf } from '../src/publish/status.ts'
import { openSigners } from './key-file.ts'
import { clockNow, collect, type RepositoryOption, storeOf, withPassphrases, withRepository } from './options.ts'

interface OnlineOptions extends RepositoryOption {
  readonly online: readonly string[]
  readonly passphraseFile?: readonly string[]
}

const withOnline = (command: Command): Command =>
  withPassphrases(withRepository(command)).requiredOption('--online <file>', 'a key of snapshot or timestamp; may be repeated', collect)

export function publishCommand(): Command {
  return withOnline(new Command('publish').description('put out every waiting version that is approved')).action(async (options: OnlineOptions) => {
    const online = await openSigners(options.online, options.passphraseFile, 'online-key')
    const result = await publish(storeOf(options), { online, now: clockNow() })
    print(options.json, result, [
      ...result.published.map(({ role, version }) => `published \`${role}\` ${version}`),
      ...result.waiting.map((role) => `\`${role}\` waits for more signatures`),
      ...(result.published.length + result.waiting.length === 0 ? ['nothing waits'] : []),
    ])
  })
}

export function renewCommand(): Command {
  return withOnline(new Command('renew').description('sign snapshot and timestamp anew where half of their life is over')).action(
    async (options: OnlineOptions) => {
      const online = await openSigners(options.online, options.passphraseFile, 'online-key')
      const renewed = await renew(storeOf(options), { online, now: clockNow() })
      print(options.json, { renewed }, [`renewed: ${renewed}`])
    },
  )
}

export function statusCommand(): Command {
  return withRepository(new Command('status').description('show roles, keys, expiry, and what waits')).action(async (options: RepositoryOption) => {
    const status = await statusOf(storeOf(options), clockNow())
    print(options.json, status, [
      ...(status.roles.length === 0 ? ['nothing is published yet'] : status.roles.flatMap(roleLines)),
      ...status.roles.flatMap((role) => warningLines(role, status)),
      ...status.waiting.map(({ role, version, author, progress }) => {
        const given = progress.map((set) => `${set.given} of ${set.needed} (${set.by} keys)`).join(', ')
        return `waiting: \`${role}\` ${version} by ${author}, approvals ${given}`
      }),
    ])
  })
}

function roleLines({ role, published, threshold, keys }: RoleStatus): readonly string[] {
  const life = published === null ? 'no version yet' : `version ${published.version}, ${lifeText(published.secondsLeft)}`
  return [`${role}: ${life}, ${threshold} of ${keys.length}`, ...keys.map(({ keyId, holder }) => `  ${holder}  ${keyId}`)]
}

/** What runs out, and who can mend it. */
function warningLines({ role, published, threshold, keys }: RoleStatus, { waiting }: RepositoryStatus): readonly string[] {
  if (published === null || (published.life !== 'third' && published.life !== 'expired')) return []
  const what = `WARNING: \`${role}\` ${published.life === 'expired' ? 'has expired' : `expires in ${daysText(published.secondsLeft)} days`}`
  if (role === 'snapshot' || role === 'timestamp') return [`${what}: \`renew\` it with the online key`]
  const signers = [...new Set(keys.map(({ holder }) => holder))].join(', ')
  const isWaiting = waiting.some((version) => version.role === role)
  return [`${what}: ${isWaiting ? 'sign what waits' : `\`stage --role ${role}\``}, ${threshold} of ${signers}`]
}

const daysText = (seconds: number): string => (seconds / 86_400).toFixed(1)
const lifeText = (seconds: number): string => (seconds <= 0 ? 'EXPIRED' : `expires in ${daysText(seconds)} days`)
