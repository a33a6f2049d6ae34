// SPDX-License-Identifier: Apache-2.0
//
// Signed heads: what the signature, and two heads beside each other, give away.
import { generateKeyPairSync } from 'node:crypto'
import { ed25519Signer } from '@casemate/policy/signer'
import { expect, it } from 'vitest'
import type { LogHead } from '../../src/log/documents.ts'
import { checkHeads, readSignedHead, signHead } from '../../src/log/signed-head.ts'
import { coded, now } from './organisation.ts'

async function newKey() {
  const { d = '', x = '' } = generateKeyPairSync('ed25519').privateKey.export({ format: 'jwk' })
  const bytes = (text: string) => new Uint8Array(Buffer.from(text, 'base64url'))
  return await ed25519Signer({ seed: bytes(d), publicKey: bytes(x) })
}

const { signer, publicJwk } = await newKey()
const approved = (kid: string) => (kid === signer.kid ? publicJwk : undefined)
const head = (size: number, root = '1'): LogHead => ({ format: 'casemate-log-head-1', origin: 'a'.repeat(64), size, root: root.repeat(64) })
const at = (iat: number, size: number, root?: string) => ({ head: head(size, root), iat })

it('a head is read as the approved key signed it, and not as another key did or with another root', async () => {
  const token = await signHead(head(3), signer, now)
  await expect(readSignedHead(token, approved)).resolves.toEqual({ head: head(3), iat: now })
  const { signer: other } = await newKey()
  await expect(readSignedHead(await signHead(head(3), other, now), approved)).rejects.toMatchObject({ code: 'token-key' })
  const forged = await signHead(head(3), { ...other, kid: signer.kid }, now)
  await expect(readSignedHead(forged, approved)).rejects.toMatchObject({ code: 'token-signature' })
  const [start, , signature] = token.split('.')
  const [, body] = (await signHead(head(3, '2'), signer, now)).split('.')
  await expect(readSignedHead(`${start}.${body}.${signature}`, approved)).rejects.toMatchObject({ code: 'token-signature' })
})

it('heads of a log that grew or stood still fit together, and not two roots of one size, a later shorter one, or one of another organisation', () => {
  expect(() => checkHeads([at(3, 5, '5'), at(1, 3), at(2, 3), at(3, 4, '4')])).not.toThrow()
  expect(() => checkHeads([at(1, 3), at(2, 3, '2')])).toThrow(coded('log-forked'))
  expect(() => checkHeads([at(2, 3), at(1, 4, '4')])).toThrow(coded('log-shrunk'))
  expect(() => checkHeads([at(1, 3), { iat: 2, head: { ...head(3), origin: 'b'.repeat(64) } }])).toThrow(coded('log-inconsistent'))
})
