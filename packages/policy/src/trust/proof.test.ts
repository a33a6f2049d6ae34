// SPDX-License-Identifier: Apache-2.0
import { describe, expect, it } from 'vitest'
import { random } from '../../test/keys.ts'
import { makeProof, type ProvenRequest, verifyProof } from './proof.ts'
import { generateDeviceKey } from './software-device-key.ts'
import { deviceSigner } from './token.ts'

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

  it('is refused under a key that is not known', async () => {
    const { token } = await prove()
    await expect(verifyProof(token, { ...expectation(), keys: () => undefined })).rejects.toThrow(coded('token-key'))
  })
})
