// SPDX-License-Identifier: Apache-2.0
import fc from 'fast-check'
import { CompactEncrypt, CompactSign, calculateJwkThumbprint, compactDecrypt, compactVerify, importJWK } from 'jose'
import { describe, expect, it } from 'vitest'
import { z } from 'zod'
import { PolicyError } from '../src/error.ts'
import { decodeBase64url, encodeBase64url } from '../src/trust/base64url.ts'
import { decryptToken, encryptToken } from '../src/trust/encrypted-token.ts'
import { thumbprint } from '../src/trust/jwk.ts'
import { generateDeviceKey, generateEphemeralKey, loadDeviceKey } from '../src/trust/software-device-key.ts'
import { deviceSigner, signToken, verifyToken } from '../src/trust/token.ts'
import { consoleKey, random } from './keys.ts'

const typ = 'casemate-test+jwt'
const claims = z.strictObject({ n: z.int() })
const coded = (code: string) => expect.objectContaining({ name: 'PolicyError', code })
const bytes = (text: string) => new TextEncoder().encode(text)
const textOf = (part: string | undefined) => new TextDecoder().decode(decodeBase64url(part ?? ''))

const console1 = await consoleKey()
const device = await generateDeviceKey()
const signer = await deviceSigner(device.key)
const expected = { typ, alg: 'Ed25519', keys: console1.keys, claims } as const
const ours = (payload: object | string, head: object | string = { alg: 'Ed25519', kid: console1.signer.kid, typ }) => signRaw(head, payload)

/** A token whose signature always holds, whatever its header and claims say. */
async function signRaw(head: object | string, payload: object | string): Promise<string> {
  const part = (value: object | string) => encodeBase64url(bytes(typeof value === 'string' ? value : JSON.stringify(value)))
  const signed = `${part(head)}.${part(payload)}`
  return `${signed}.${encodeBase64url(await console1.signer.sign(bytes(signed)))}`
}

describe('signed tokens', () => {
  it('round-trip for the console and for a device', async () => {
    const fromConsole = await signToken({ n: 1 }, { typ, signer: console1.signer })
    expect(await verifyToken(fromConsole, expected)).toEqual({ claims: { n: 1 }, kid: console1.signer.kid })
    const fromDevice = await signToken({ n: 2 }, { typ, signer })
    const keys = (kid: string) => (kid === signer.kid ? device.key.publicJwk : undefined)
    expect(await verifyToken(fromDevice, { typ, alg: 'ES256', keys, claims })).toEqual({ claims: { n: 2 }, kid: signer.kid })
  })

  it('are what jose verifies, and verify what jose signs', async () => {
    const options = { algorithms: ['Ed25519', 'ES256'] }
    const verified = await compactVerify(
      await signToken({ n: 1 }, { typ, signer: console1.signer }),
      await importJWK(console1.publicJwk, 'Ed25519'),
      options,
    )
    expect(verified.protectedHeader).toEqual({ alg: 'Ed25519', kid: console1.signer.kid, typ })
    const es256 = await compactVerify(await signToken({ n: 1 }, { typ, signer }), await importJWK(device.key.publicJwk, 'ES256'), options)
    expect(new TextDecoder().decode(es256.payload)).toBe('{"n":1}')

    const secret = await importJWK({ ...console1.publicJwk, d: encodeBase64url(console1.seed) }, 'Ed25519')
    const theirs = await new CompactSign(bytes('{"n":7}')).setProtectedHeader({ alg: 'Ed25519', kid: console1.signer.kid, typ }).sign(secret)
    expect((await verifyToken(theirs, expected)).claims).toEqual({ n: 7 })
    const ecSecret = await importJWK(JSON.parse(device.secret).sign, 'ES256')
    const theirEs256 = await new CompactSign(bytes('{"n":8}')).setProtectedHeader({ alg: 'ES256', kid: signer.kid, typ }).sign(ecSecret)
    expect((await verifyToken(theirEs256, { typ, alg: 'ES256', keys: () => device.key.publicJwk, claims })).claims).toEqual({ n: 8 })
  })

  it('name a key as jose does (RFC 7638)', async () => {
    expect(await thumbprint(console1.publicJwk)).toBe(await calculateJwkThumbprint(console1.publicJwk))
    expect(await thumbprint(device.key.publicJwk)).toBe(await calculateJwkThumbprint(device.key.publicJwk))
  })

  it.each([
    ['another type', { alg: 'Ed25519', kid: console1.signer.kid, typ: 'casemate-lease+jwt' }, 'token-typ'],
    ['no type', { alg: 'Ed25519', kid: console1.signer.kid }, 'token-header'],
    ['the algorithm none', { alg: 'none', kid: console1.signer.kid, typ }, 'token-alg'],
    ['another algorithm', { alg: 'ES256', kid: console1.signer.kid, typ }, 'token-alg'],
    ['the old name of the algorithm', { alg: 'EdDSA', kid: console1.signer.kid, typ }, 'token-alg'],
    ['an unknown key', { alg: 'Ed25519', kid: 'somebody', typ }, 'token-key'],
    ['a critical extension', { alg: 'Ed25519', kid: console1.signer.kid, typ, crit: ['b64'], b64: false }, 'token-crit'],
    ['an empty crit', { alg: 'Ed25519', kid: console1.signer.kid, typ, crit: [] }, 'token-crit'],
    ['a key of its own', { alg: 'Ed25519', kid: console1.signer.kid, typ, jwk: console1.publicJwk }, 'token-header'],
    ['a repeated member', `{"alg":"none","alg":"Ed25519","kid":"${console1.signer.kid}","typ":"${typ}"}`, 'token-header'],
    ['no JSON', 'alg', 'token-header'],
  ])('are refused under a header with %s, though the signature holds', async (_what, head, code) => {
    await expect(verifyToken(await ours({ n: 1 }, head), expected)).rejects.toThrow(coded(code))
    await expect(verifyToken(await ours({ n: 1 }), expected)).resolves.toMatchObject({ claims: { n: 1 } })
  })

  it.each([
    ['an unknown claim', '{"n":1,"m":2}'],
    ['a repeated claim', '{"n":1,"n":1}'],
    ['a claim of another type', '{"n":"1"}'],
    ['no JSON', 'n=1'],
  ])('are refused with %s, though the signature holds', async (_what, payload) => {
    await expect(verifyToken(await ours(payload), expected)).rejects.toThrow(coded('token-claims'))
  })

  it.each([
    ['a space at the end', (token: string) => `${token} `],
    ['a line break inside', (token: string) => token.replace('.', '\n.')],
    ['padding', (token: string) => token.replace('.', '=.')],
    ['four parts', (token: string) => `${token}.AA`],
    ['two parts', (token: string) => token.slice(0, token.lastIndexOf('.'))],
    ['an empty signature', (token: string) => token.slice(0, token.lastIndexOf('.') + 1)],
    ['a second spelling of the signature', (token: string) => `${token.slice(0, -1)}${String.fromCharCode(token.charCodeAt(token.length - 1) + 1)}`],
  ])('are refused with %s', async (_what, change) => {
    // The last letter of 64 bytes carries four zero bits: `A`, `Q`, `g` or `w`; the next letter decodes to the same bytes in a lax reader.
    const token = await ours({ n: 1 })
    await expect(verifyToken(change(token), expected)).rejects.toThrow(coded('token-form'))
  })

  it('are refused one character above the size limit and taken at it', async () => {
    const token = await ours({ n: 1 })
    await expect(verifyToken(token, { ...expected, maxBytes: token.length - 1 })).rejects.toThrow(coded('token-size'))
    await expect(verifyToken(token, { ...expected, maxBytes: token.length })).resolves.toBeDefined()
  })

  it('are taken up to 262,144 characters where nothing else is said', async () => {
    await expect(verifyToken('A'.repeat(262_144), expected)).rejects.toThrow(coded('token-form'))
    await expect(verifyToken('A'.repeat(262_145), expected)).rejects.toThrow(coded('token-size'))
  })

  it.each([
    ['a header of 2,048 bytes', 'taken', JSON.stringify({ alg: 'Ed25519', kid: console1.signer.kid, typ }).padEnd(2048)],
    ['a header of 2,049 bytes', 'token-header', JSON.stringify({ alg: 'Ed25519', kid: console1.signer.kid, typ }).padEnd(2049)],
    ['a key id of 128 letters', 'token-key', JSON.stringify({ alg: 'Ed25519', kid: 'k'.repeat(128), typ })],
    ['a key id of 129 letters', 'token-header', JSON.stringify({ alg: 'Ed25519', kid: 'k'.repeat(129), typ })],
    ['a key id of one letter', 'token-key', JSON.stringify({ alg: 'Ed25519', kid: 'k', typ })],
    ['a key id of none', 'token-header', JSON.stringify({ alg: 'Ed25519', kid: '', typ })],
    ['a header that is null', 'token-header', 'null'],
  ])('with %s are %s', async (_what, outcome, head) => {
    const verified = verifyToken(await ours({ n: 1 }, head), expected)
    await (outcome === 'taken' ? expect(verified).resolves.toBeDefined() : expect(verified).rejects.toThrow(coded(outcome)))
  })

  it('hold claims of 12 levels, and no deeper ones', async () => {
    const nested = (depth: number) => `${'['.repeat(depth)}${']'.repeat(depth)}`
    const anything = { ...expected, claims: z.json() }
    await expect(verifyToken(await ours(nested(12)), anything)).resolves.toBeDefined()
    await expect(verifyToken(await ours(nested(13)), anything)).rejects.toThrow(coded('token-claims'))
  })

  it.each([0, 1, 63, 65, 128])('are refused with a signature of %i bytes', async (length) => {
    const [head, body] = (await ours({ n: 1 })).split('.')
    const token = `${head}.${body}.${encodeBase64url(random(length))}`
    await expect(verifyToken(token, expected)).rejects.toThrow(coded(length === 0 ? 'token-form' : 'token-signature'))
    await expect(verifyToken(await ours({ n: 1 }), expected)).resolves.toBeDefined()
  })

  it('are refused under a trusted key that is no point of its curve', async () => {
    const token = await signToken({ n: 1 }, { typ, signer })
    const under = (y: string) => verifyToken(token, { typ, alg: 'ES256', keys: () => ({ ...device.key.publicJwk, y }), claims })
    await expect(under('A'.repeat(43))).rejects.toThrow(coded('token-key'))
    await expect(under(device.key.publicJwk.y)).resolves.toBeDefined()
  })

  it('are refused when a device key stands under a console algorithm', async () => {
    await expect(verifyToken(await ours({ n: 1 }), { ...expected, keys: () => device.key.publicJwk })).rejects.toThrow(coded('token-key'))
  })

  it('are refused when signed by another key under the same id', async () => {
    const other = await consoleKey()
    const token = await signToken({ n: 1 }, { typ, signer: { ...other.signer, kid: console1.signer.kid } })
    await expect(verifyToken(token, expected)).rejects.toThrow(coded('token-signature'))
  })

  it('are refused with any one bit of any part turned', async () => {
    const token = await ours({ n: 1 })
    const [head = '', body = '', signature = ''] = token.split('.')
    await fc.assert(
      fc.asyncProperty(fc.constantFrom(0, 1, 2), fc.nat(), async (index, at) => {
        const parts = [head, body, signature]
        const raw = decodeBase64url(parts[index] ?? '')
        raw[(at >> 3) % raw.length] = (raw[(at >> 3) % raw.length] ?? 0) ^ (1 << (at & 7))
        parts[index] = encodeBase64url(raw)
        await expect(verifyToken(parts.join('.'), expected)).rejects.toBeInstanceOf(PolicyError)
      }),
    )
  })

  it('check in the order that is documented: with two faults the earlier one is named', async () => {
    const wrongTyp = { alg: 'none', kid: 'x', typ: 'y' }
    await expect(verifyToken(await ours('no json', { ...wrongTyp, crit: [] }), expected)).rejects.toThrow(coded('token-crit'))
    await expect(verifyToken(await ours('no json', wrongTyp), expected)).rejects.toThrow(coded('token-typ'))
    await expect(verifyToken(await ours('no json', { ...wrongTyp, typ }), expected)).rejects.toThrow(coded('token-alg'))
    await expect(verifyToken(await ours('no json', { ...wrongTyp, typ, alg: 'Ed25519' }), expected)).rejects.toThrow(coded('token-key'))
    const token = await ours('no json')
    await expect(verifyToken(`${token.slice(0, -86)}${'A'.repeat(86)}`, expected)).rejects.toThrow(coded('token-signature'))
    await expect(verifyToken(token, expected)).rejects.toThrow(coded('token-claims'))
  })

  it('never hold and never crash for random text', async () => {
    await fc.assert(
      fc.asyncProperty(fc.string({ unit: fc.constantFrom(...'eyJhbGciOi.I6-_=', '\u00e9') }), async (text) => {
        await expect(verifyToken(text, expected)).rejects.toBeInstanceOf(PolicyError)
      }),
    )
  })
})

describe('encrypted tokens', () => {
  const plain = bytes('a package key')
  const jwe = 'casemate-test+jwe'
  const seal = async () => encryptToken(plain, { typ: jwe, recipient: device.key.agreementJwk, ephemeral: await generateEphemeralKey(), random })

  it('open for the device that they were made for, and for no other', async () => {
    expect(await decryptToken(await seal(), { typ: jwe, key: device.key })).toEqual(plain)
    const other = await generateDeviceKey()
    await expect(decryptToken(await seal(), { typ: jwe, key: other.key })).rejects.toThrow(coded('token-key'))
  })

  it('are what jose opens, and open what jose makes', async () => {
    const secret = await importJWK(JSON.parse(device.secret).agree, 'ECDH-ES+A256KW')
    const opened = await compactDecrypt(await seal(), secret, {
      keyManagementAlgorithms: ['ECDH-ES+A256KW'],
      contentEncryptionAlgorithms: ['A256GCM'],
    })
    expect(opened.plaintext).toEqual(plain)
    const head = { alg: 'ECDH-ES+A256KW', enc: 'A256GCM', typ: jwe, kid: await thumbprint(device.key.agreementJwk) }
    const theirs = await new CompactEncrypt(plain).setProtectedHeader(head).encrypt(await importJWK(device.key.agreementJwk, 'ECDH-ES+A256KW'))
    expect(await decryptToken(theirs, { typ: jwe, key: device.key })).toEqual(plain)
  })

  it('rest on one shared secret of 32 bytes that both sides find', async () => {
    const [one, other] = [await generateDeviceKey(), await generateDeviceKey()]
    const shared = await one.key.agree(other.key.agreementJwk)
    expect(shared).toHaveLength(32)
    expect(await other.key.agree(one.key.agreementJwk)).toEqual(shared)
  })

  it('are refused with any one bit of any part turned', async () => {
    const token = await seal()
    await fc.assert(
      fc.asyncProperty(fc.nat({ max: 4 }), fc.nat(), async (index, at) => {
        const parts = token.split('.')
        const raw = decodeBase64url(parts[index] ?? '')
        raw[(at >> 3) % raw.length] = (raw[(at >> 3) % raw.length] ?? 0) ^ (1 << (at & 7))
        parts[index] = encodeBase64url(raw)
        await expect(decryptToken(parts.join('.'), { typ: jwe, key: device.key })).rejects.toBeInstanceOf(PolicyError)
      }),
    )
    expect(await decryptToken(token, { typ: jwe, key: device.key })).toEqual(plain)
  })

  it.each([
    ['another type', { typ: 'x' }, 'token-typ'],
    ['another key agreement', { alg: 'ECDH-ES' }, 'token-alg'],
    ['another encryption', { enc: 'A128GCM' }, 'token-alg'],
    ['compressed content', { zip: 'DEF' }, 'token-header'],
    ['a critical extension', { crit: ['exp'] }, 'token-crit'],
    ['another recipient', { kid: 'x' }, 'token-key'],
    ['a key id of 128 letters', { kid: 'k'.repeat(128) }, 'token-key'],
    ['a key id of 129 letters', { kid: 'k'.repeat(129) }, 'token-header'],
    ['a key id of none', { kid: '' }, 'token-header'],
  ])('are refused with %s', async (_what, change, code) => {
    const [head, ...rest] = (await seal()).split('.')
    const altered = encodeBase64url(bytes(JSON.stringify({ ...JSON.parse(textOf(head)), ...change })))
    await expect(decryptToken([altered, ...rest].join('.'), { typ: jwe, key: device.key })).rejects.toThrow(coded(code))
  })

  it('are refused above 16,384 characters', async () => {
    const open = (length: number) => decryptToken('A'.repeat(length), { typ: jwe, key: device.key })
    await expect(open(16_384)).rejects.toThrow(coded('token-form'))
    await expect(open(16_385)).rejects.toThrow(coded('token-size'))
  })

  it('are refused with an IV of another length, which the cipher itself would take', async () => {
    const longer = (length: number) => random(length === 12 ? 16 : length)
    const options = { typ: jwe, recipient: device.key.agreementJwk, ephemeral: await generateEphemeralKey() }
    const token = await encryptToken(plain, { ...options, random: longer })
    await expect(decryptToken(token, { typ: jwe, key: device.key })).rejects.toThrow(coded('token-decryption'))
    expect(await decryptToken(await encryptToken(plain, { ...options, random }), { typ: jwe, key: device.key })).toEqual(plain)
  })

  it('are refused when the ephemeral key is no point of the curve', async () => {
    const [head, ...rest] = (await seal()).split('.')
    const parsed = JSON.parse(textOf(head))
    const altered = encodeBase64url(bytes(JSON.stringify({ ...parsed, epk: { ...parsed.epk, y: 'A'.repeat(43) } })))
    await expect(decryptToken([altered, ...rest].join('.'), { typ: jwe, key: device.key })).rejects.toThrow(coded('token-decryption'))
  })
})

describe('a software device key', () => {
  it('is made again from its secret', async () => {
    const again = await loadDeviceKey(device.secret)
    expect(again.publicJwk).toEqual(device.key.publicJwk)
    const token = await signToken({ n: 1 }, { typ, signer: await deviceSigner(again) })
    await expect(verifyToken(token, { typ, alg: 'ES256', keys: () => device.key.publicJwk, claims })).resolves.toBeDefined()
  })

  it.each([
    ['no JSON', () => 'x'],
    ['an unknown member', (secret: string) => secret.replace('{', '{"note":1,')],
    [
      'halves of two keys',
      (secret: string, other: string) => JSON.stringify({ ...JSON.parse(secret), sign: { ...JSON.parse(secret).sign, d: JSON.parse(other).sign.d } }),
    ],
  ])('is not made from a secret with %s, and the refusal does not quote it', async (_what, change) => {
    const other = await generateDeviceKey()
    const promise = loadDeviceKey(change(device.secret, other.secret))
    await expect(promise).rejects.toThrow(coded('key-invalid'))
    await expect(promise.catch((error: Error) => `${error.message} ${error.cause}`)).resolves.not.toContain(JSON.parse(other.secret).sign.d)
  })
})
