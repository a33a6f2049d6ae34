// SPDX-License-Identifier: Apache-2.0
//
// Bytes that a TPM (swtpm 0.7.1) gave for our templates, and what is one field away from them.
import { expect, it } from 'vitest'
import { readTpmPublic, readTpmSignature } from './tpm-public.ts'

const bytes = (hex: string) => Uint8Array.from(hex.match(/../g) ?? [], (pair) => Number.parseInt(pair, 16))
const publics = {
  sign: '00580023000b00040472000000100018000b000300100020183c2f5e8958c4fb636108cd276992d6c568867f8e78d5a3aa65672df30769090020d21009bb50f2459dad4fc4b125428a92064e1b552d91f3a474a75604998abab3',
  agree:
    '00580023000b00020472000000100019000b000300100020b30b1f1453a5097c9c4398a6213119f3aa61bed9d20452f73730ff63a334bef30020345b66f08ef5e180b56031c8ca121032ab46cd324ac60f6a771d3adbf443af21',
  attest:
    '00580023000b00050072000000100018000b0003001000201b9ddf09a90ce3131406c2e3ac2e1397aef0f75051a8842e3497b6f45e237e31002041b306aec6ba538fd9fc3fbdccd7ce4a61489508b4d793b952c50b61f6e1532f',
} as const
const signature =
  '0018000b002072041c0c9b107fb23aa6490092f09d496128d1391cf05e41d2344b021b41d9580020ee486eb93d8df217588932372ccec5cf42645a0b41e5079dddbf7354122ac20f'
const coded = expect.objectContaining({ code: 'tpm-invalid' })

it.each(['sign', 'agree', 'attest'] as const)('a public area of a key to %s is read, and is of no other use', async (use) => {
  const area = bytes(publics[use])
  const { jwk, name } = await readTpmPublic(area, use)
  expect(Buffer.from(jwk.x, 'base64url')).toEqual(Buffer.from(area.slice(-66, -34)))
  expect(Buffer.from(jwk.y, 'base64url')).toEqual(Buffer.from(area.slice(-32)))
  expect([...name.slice(0, 2), name.length]).toEqual([0, 0x0b, 34])
  for (const other of ['sign', 'agree', 'attest'] as const) {
    if (other !== use) await expect(readTpmPublic(area, other)).rejects.toEqual(coded)
  }
})

it.each([
  ['that is no ECC key', 2, '0001'],
  ['named by another digest', 4, '000c'],
  ['that may leave its TPM (no fixedTPM)', 6, '00040470'],
  ['that may leave its parent (no fixedParent)', 6, '00040462'],
  ['that was imported (no sensitiveDataOrigin)', 6, '00040452'],
  ['that signs only what the TPM says (restricted)', 6, '00050472'],
  ['that decrypts as well', 6, '00060472'],
  ['with an attribute that we do not know', 6, '80040472'],
  ['with a symmetric algorithm', 12, '0006'],
  ['with another scheme', 14, '0019'],
  ['with another digest in its scheme', 16, '000c'],
  ['on another curve', 18, '0004'],
  ['with a key derivation', 20, '0022'],
])('a public area of a key to sign %s is refused', async (_what, at, hex) => {
  const area = bytes(publics.sign)
  area.set(bytes(hex), at)
  await expect(readTpmPublic(area, 'sign')).rejects.toEqual(coded)
  area.set(bytes(publics.sign).slice(at, at + hex.length / 2), at)
  await expect(readTpmPublic(area, 'sign')).resolves.toBeDefined()
})

it('a public area or signature that is cut off or goes on is refused', async () => {
  const [area, signed] = [bytes(publics.sign), bytes(signature)]
  for (let length = 0; length < area.length; length += 1) await expect(readTpmPublic(area.slice(0, length), 'sign')).rejects.toEqual(coded)
  for (let length = 0; length < signed.length; length += 1) expect(() => readTpmSignature(signed.slice(0, length))).toThrow(coded)
  await expect(readTpmPublic(Uint8Array.of(...area, 0), 'sign')).rejects.toEqual(coded)
  // One byte more inside of the sized area.
  await expect(readTpmPublic(Uint8Array.of(0, area.length - 1, ...area.slice(2), 0), 'sign')).rejects.toEqual(coded)
  expect(() => readTpmSignature(Uint8Array.of(...signed, 0))).toThrow(coded)
  expect(readTpmSignature(signed)).toHaveLength(64)
})

it('numbers of which a TPM left leading zeros out are padded to 32 bytes', () => {
  expect(readTpmSignature(bytes('0018000b0001070002ffff'))).toEqual(Uint8Array.of(...new Uint8Array(31), 7, ...new Uint8Array(30), 0xff, 0xff))
})
