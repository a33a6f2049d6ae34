// SPDX-License-Identifier: Apache-2.0
import { sha256Text } from '@casemate/policy/names'
import { z } from 'zod'
import { addTpmAuthority, listTpmAuthorities, removeTpmAuthority } from '../src/devices/tpm-authorities.ts'
import type { Console } from '../src/organisation/console.ts'
import { call } from './call.ts'

/** Whose word is taken for a TPM. */
export function tpmAuthorityCalls(console: Console) {
  return {
    'list-tpm-authorities': call(z.strictObject({}), async (actor) => ({ authorities: await listTpmAuthorities(actor, console) })),
    'add-tpm-authority': call(z.strictObject({ certificate: z.string().max(16_384) }), (actor, { certificate }) =>
      addTpmAuthority(actor, console, certificate),
    ),
    'remove-tpm-authority': call(z.strictObject({ sha256: sha256Text }), async (actor, { sha256 }) => {
      await removeTpmAuthority(actor, console, sha256)
      return { sha256 }
    }),
  }
}
