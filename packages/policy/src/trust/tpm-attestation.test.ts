// SPDX-License-Identifier: Apache-2.0
//
// Bytes that a TPM gave (swtpm 0.7.1), and what is one field away from them.
import { expect, it } from 'vitest'
import { readTpmStatement, tpmBytes, tpmQualifier } from './tpm-attestation.ts'

const bytes = (hex: string) => Uint8Array.from(hex.match(/../g) ?? [], (pair) => Number.parseInt(pair, 16))
/** Of TPM2_CertifyCreation, asked to repeat this. */
const qualifier = '00112233445566778899aabbccddeeff'.repeat(2)
const creation =
  'ff544347801a0022000b1a185a0aed554ca28cfec3ff0b6de79b3f466a03e4ea2dd45605cba409f2c637002000112233445566778899aabbccddeeff00112233445566778899aabbccddeeff000000000000bafe00000002000000000120191023001636360022000ba19ec13793fb097719be7283b846c802052c3e1705e68698ee2049678ec165f00020cff7c420a00a6a579476137f50ea3f574e8873b3c438701d8d2efbbdb8d5b164'
/** Of TPM2_Certify. */
const certify =
  'ff54434780170022000b1a185a0aed554ca28cfec3ff0b6de79b3f466a03e4ea2dd45605cba409f2c637000400ff55aa000000000000bb1900000002000000000120191023001636360022000bfc035fb9433bf9152b62757b877821ae519a2d92199f3d56a63f5675582fb4c10022000b8bc26e61623d2e82944401f94eee3c013af7877392f10e2f965ddcf36491d844'
const coded = expect.objectContaining({ code: 'tpm-invalid' })

it('a statement of a creation is read: what it repeats, and of which key it is', () => {
  const said = readTpmStatement(bytes(creation))
  expect([...said.qualifier]).toEqual([...bytes(qualifier)])
  expect([...said.name.slice(0, 2), said.name.length]).toEqual([0, 0x0b, 34])
})

it('a statement of another kind is refused, as is one that no TPM made', () => {
  expect(() => readTpmStatement(bytes(certify))).toThrow(coded)
  const made = bytes(creation)
  made[0] = 0xfe
  expect(() => readTpmStatement(made)).toThrow(coded)
  made[0] = 0xff
  expect(readTpmStatement(made)).toBeDefined()
})

it('a statement that is cut off or goes on is refused', () => {
  const made = bytes(creation)
  for (let length = 0; length < made.length; length += 1) expect(() => readTpmStatement(made.slice(0, length))).toThrow(coded)
  expect(() => readTpmStatement(Uint8Array.of(...made, 0))).toThrow(coded)
})

it('two secrets ask for two repetitions', async () => {
  const [one, other] = [await tpmQualifier(bytes('01')), await tpmQualifier(bytes('02'))]
  expect(one).toHaveLength(32)
  expect(one).not.toEqual(other)
})

it.each(['A', 'A=', 'AB', 'AA ', ''])('bytes are refused in another spelling: `%s`', (text) => {
  expect(tpmBytes.safeParse(text).success).toBe(false)
  expect(tpmBytes.safeParse('AA').success).toBe(true)
})
