// SPDX-License-Identifier: Apache-2.0
import { describe, expect, it } from 'vitest'
import { random } from '../../test/keys.ts'
import { makeProof, type ProvenRequest, proofTyp, verifyProof } from './proof.ts'
import { generateDeviceKey } from './software-device-key.ts'
import { deviceSigner, signToken } from './token.ts'

const { key } = await generateDeviceKey()
const signer = await deviceSigner(key)
const request: ProvenRequest = { method: 'POST', target: '/device/v1/check-in?x=1', body: new TextEncoder().encode('{"a":1}') }
const now = 1_800_000_000
const prove = async () => makeProof(request, { signer, now, seq: 40, random, unanswered: null })
const coded = (code: string) => expect.objectContaining({ name: 'PolicyError', code })

function expectation() {
  const seen = new Set<string>()
  const claim = (jti: string) => !seen.has(jti) && seen.add(jti).size > 0
  return { keys: (kid: string) => (kid === signer.kid ? key.publicJwk : undefined), request, now, claim }
}

describe('the proof of a request', () => {
  it('holds once for the request that it was made for', async () => {
    const { token, nonce } = await prove()
    const expected = expectation()
    expect(await verifyProof(token, expected)).toMatchObject({ jkt: signer.kid, proof: { seq: 40, nonce, htm: 'POST' } })
    await expect(verifyProof(token, expected)).rejects.toThrow(coded('proof-replayed'))
    await expect(verifyProof((await prove()).token, expected)).resolves.toBeDefined()
  })

  it.each<[string, Partial<ProvenRequest>]>([
    ['another method', { method: 'GET' }],
    ['another address', { target: '/device/v1/check-in' }],
    ['another body', { body: new TextEncoder().encode('{"a":2}') }],
    ['no body', { body: new Uint8Array() }],
  ])('is refused for %s', async (_what, change) => {
    const { token } = await prove()
    await expect(verifyProof(token, { ...expectation(), request: { ...request, ...change } })).rejects.toThrow(coded('proof-request'))
    await expect(verifyProof(token, expectation())).resolves.toBeDefined()
  })

  it.each([
    [-301, 'proof-time'],
    [-300, undefined],
    [300, undefined],
    [301, 'proof-time'],
  ])('made %i s from now is judged so: %s', async (offset, code) => {
    const { token } = await prove()
    const outcome = verifyProof(token, { ...expectation(), now: now - offset })
    await (code === undefined ? expect(outcome).resolves.toBeDefined() : expect(outcome).rejects.toThrow(coded(code)))
  })

  it('is remembered for as long as it could be used, under its device', async () => {
    const { token } = await prove()
    const claims: [string, number][] = []
    const { proof } = await verifyProof(token, { ...expectation(), claim: (jti, until) => claims.push([jti, until]) > 0 })
    expect(claims).toEqual([[`${signer.kid}.${proof.jti}`, now + 300]])
  })

  it('is not remembered when it does not hold', async () => {
    const { token } = await prove()
    const claims: string[] = []
    await expect(verifyProof(token, { ...expectation(), now: now + 400, claim: (jti) => claims.push(jti) > 0 })).rejects.toThrow(coded('proof-time'))
    expect(claims).toEqual([])
  })

  it('repeats a nonce that was never answered, under a fresh id', async () => {
    const first = await prove()
    const again = await makeProof(request, { signer, now, seq: 40, random, unanswered: first.nonce })
    const expected = expectation()
    const [one, two] = [await verifyProof(first.token, expected), await verifyProof(again.token, expected)]
    expect(two.proof.nonce).toBe(one.proof.nonce)
    expect(two.proof.jti).not.toBe(one.proof.jti)
  })

  it.each<[string, object, object]>([
    ['an id of 22 letters', { jti: 'j'.repeat(22) }, { jti: 'j'.repeat(21) }],
    ['an id of 86 letters', { jti: 'j'.repeat(86) }, { jti: 'j'.repeat(87) }],
    ['a nonce of base64url', { nonce: 'n'.repeat(22) }, { nonce: `+${'n'.repeat(22)}` }],
    ['a nonce with nothing behind it', { nonce: 'n'.repeat(22) }, { nonce: `${'n'.repeat(22)}+` }],
    ['a number of a lease from 0 on', { seq: 0 }, { seq: -1 }],
    ['members of its own only', {}, { note: 1 }],
  ])('has %s', async (_what, taken, refused) => {
    const { proof } = await verifyProof((await prove()).token, expectation())
    const signed = (change: object) => signToken({ ...proof, ...change }, { typ: proofTyp, signer })
    await expect(verifyProof(await signed(taken), expectation())).resolves.toBeDefined()
    await expect(verifyProof(await signed(refused), expectation())).rejects.toThrow(coded('token-claims'))
  })

  it.each([
    ['1,024 characters', `/${'a'.repeat(1023)}`, true],
    ['1,025 characters', `/${'a'.repeat(1024)}`, false],
    ['no first slash', 'a/', false],
    ['a blank', '/a b', false],
    ['a line break', '/a\n', false],
    ['every other character of ASCII', '/!~', true],
  ])('is made for an address of %s, or not', async (_what, target, isMade) => {
    const made = makeProof({ ...request, target }, { signer, now, seq: 40, random, unanswered: null })
    await (isMade ? expect(made).resolves.toBeDefined() : expect(made).rejects.toThrow())
  })

  it('is of the whole second, and of at most 4,096 characters', async () => {
    const { token } = await makeProof(request, { signer, now: now + 0.9, seq: 40, random, unanswered: null })
    expect((await verifyProof(token, expectation())).proof.iat).toBe(now)
    await expect(verifyProof('A'.repeat(4096), expectation())).rejects.toThrow(coded('token-form'))
    await expect(verifyProof('A'.repeat(4097), expectation())).rejects.toThrow(coded('token-size'))
  })

  it('draws an id and a nonce of 16 bytes each', async () => {
    const lengths: number[] = []
    const counted = (length: number) => {
      lengths.push(length)
      return random(length)
    }
    await makeProof(request, { signer, now, seq: 40, random: counted, unanswered: null })
    expect(lengths).toEqual([16, 16])
  })

  it('is refused with a digest that is none', async () => {
    const { proof } = await verifyProof((await prove()).token, expectation())
    for (const cd of [`${proof.cd}A`, proof.cd.slice(1), `+${proof.cd}`, `${proof.cd}+`]) {
      const token = await signToken({ ...proof, cd }, { typ: proofTyp, signer })
      await expect(verifyProof(token, expectation())).rejects.toThrow(coded('token-claims'))
    }
  })

  it('is refused under a key that is not known', async () => {
    const { token } = await prove()
    await expect(verifyProof(token, { ...expectation(), keys: () => undefined })).rejects.toThrow(coded('token-key'))
  })
})
