// SPDX-License-Identifier: Apache-2.0
//
// The plan of a repository as it is published: for an organisation that was made by the console, or whose plan was lost.
import { encodeBase64url } from '@casemate/policy/base64url'
import { Command } from 'commander'
import { stringify } from 'yaml'
import { writeNewFile } from '../cli/files.ts'
import { print } from '../cli/output.ts'
import type { TufKey } from '../src/publish/metadata.ts'
import { readHolders, readRepository } from '../src/publish/repository.ts'
import { rolesIn } from '../src/publish/status.ts'
import { clockNow, type RepositoryOption, storeOf, withRepository } from './options.ts'

export function planCommand(): Command {
  const command = new Command('plan')
    .description('write the plan of what is published, to be changed by `add-key` and `remove-key`')
    .requiredOption('--out <file>', 'the new trust.yaml')
  return withRepository(command).action(async (options: RepositoryOption & { readonly out: string }) => {
    const store = storeOf(options)
    const published = await readRepository(store)
    const { root, targets } = published
    const tufKeys = { ...root.document.signed.keys, ...targets.document.signed.delegations?.keys }
    const roles = rolesIn(published, await readHolders(store), clockNow())
    const named = new Map(roles.flatMap(({ role, keys }) => keys.map((key) => [key.keyId, { name: nameOf(role, key), ...key }])))
    const keys = [...named.values()].map(({ name, holder, keyId }) => [
      name,
      { holder: holderText(holder, keyId), publicKey: publicText(tufKeys[keyId]) },
    ])
    const table = roles.map(({ role, threshold, keys: held }) => [
      role,
      { threshold, keys: held.map(({ keyId }) => named.get(keyId)?.name ?? keyId) },
    ])
    const text = stringify({ keys: Object.fromEntries(keys), roles: Object.fromEntries(table) }, { lineWidth: 0 })
    await writeNewFile(options.out, Buffer.from(text))
    print(options.json, { file: options.out, keys: named.size }, [`wrote \`${options.out}\`: ${named.size} keys`])
  })
}

/** The last role that names a key gives it its name; its id makes the name unlike any other. */
const nameOf = (role: string, { keyId }: { readonly keyId: string }): string => `${role}-${keyId.slice(0, 8)}`
/** Whose holder nobody has said: the console's own keys. */
const holderText = (holder: string, keyId: string): string => (holder === keyId ? 'console' : holder)
const publicText = (key: TufKey | undefined): string => encodeBase64url(new Uint8Array(Buffer.from(key?.keyval.public ?? '', 'hex')))
