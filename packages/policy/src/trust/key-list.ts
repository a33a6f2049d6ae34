// SPDX-License-Identifier: Apache-2.0
//
// The online, help-desk and escrow keys of an organisation: documents under `keys/`, approved as targets of the top-level role.
import { z } from 'zod'
import { PolicyError } from '../error.ts'
import { thumbprintText } from '../model/names.ts'
import { parseStrictJson } from '../model/strict-json.ts'
import { edPublicJwk, type PublicJwk, thumbprint } from './jwk.ts'

export const keyPurpose = z.enum(['online', 'help-desk', 'escrow'])
export type KeyPurpose = z.infer<typeof keyPurpose>

const keyList = z.strictObject({
  format: z.literal('casemate-keys-1'),
  purpose: keyPurpose,
  keys: z.array(z.strictObject({ kid: thumbprintText, jwk: edPublicJwk })).max(64),
})

export type KeyList = z.infer<typeof keyList>

/** Where the approved list of that purpose stands in the repository. */
export const keyListPath = (purpose: KeyPurpose): string => `keys/${purpose}.json`

/**
 * The approved keys by id, for `verifyToken`.
 * @throws PolicyError `json-*`, or `key-list-invalid`: another purpose, an id that is not the key's thumbprint, a repeated key.
 */
export async function parseKeyList(source: Uint8Array | string, purpose: KeyPurpose): Promise<(kid: string) => PublicJwk | undefined> {
  const parsed = keyList.safeParse(parseStrictJson(source, { maxBytes: 65_536, maxDepth: 5 }))
  if (!parsed.success) throw new PolicyError('key-list-invalid', `expected a list of keys: ${z.prettifyError(parsed.error)}`, parsed.error)
  if (parsed.data.purpose !== purpose) {
    throw new PolicyError('key-list-invalid', `expected the \`${purpose}\` keys, found the \`${parsed.data.purpose}\` ones`)
  }
  const keys = new Map<string, PublicJwk>()
  for (const { kid, jwk } of parsed.data.keys) {
    if (keys.has(kid) || (await thumbprint(jwk)) !== kid) {
      throw new PolicyError('key-list-invalid', `expected each key once under its thumbprint, found \`${kid}\` twice or on another key`)
    }
    keys.set(kid, jwk)
  }
  return (kid) => keys.get(kid)
}
