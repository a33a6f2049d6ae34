// SPDX-License-Identifier: Apache-2.0
import { combine } from 'shamir-secret-sharing'
import nacl from 'tweetnacl'
import { describe, expect, it } from 'vitest'
import { decodeBase64url, encodeBase64url } from '../src/trust/base64url.ts'
import { encryptToken, recipientOf } from '../src/trust/encrypted-token.ts'
import { combineShares, type EscrowShare, readEscrowStatement, type Splitting, splitInstanceKey } from '../src/trust/escrow.ts'
import { escrowJwk, openShare, returnShare } from '../src/trust/escrow-open.ts'
import { thumbprint } from '../src/trust/jwk.ts'
import { parseEscrowKeys } from '../src/trust/key-list.ts'
import type { Override } from '../src/trust/override.ts'
import { generateDeviceKey, generateEphemeralKey } from '../src/trust/software-device-key.ts'
import { deviceSigner, signToken } from '../src/trust/token.ts'
import { random } from './keys.ts'

const administrator = () => nacl.box.keyPair.fromSecretKey(random(32))
type Administrator = ReturnType<typeof administrator>

async function listOf(threshold: number, people: readonly Administrator[]) {
  const keys = await Promise.all(people.map(async ({ publicKey }) => ({ kid: await thumbprint(escrowJwk(publicKey)), jwk: escrowJwk(publicKey) })))
  return parseEscrowKeys(JSON.stringify({ format: 'casemate-escrow-keys-1', purpose: 'escrow', threshold, keys }))
}

type Move = Extract<Override, { kind: 'move' }>
const { key: nextKey } = await generateDeviceKey()
const people = [administrator(), administrator(), administrator(), administrator()] as const
const [ada, ben, cora, dan] = people
const approved = await listOf(3, people)
const device = { id: 'd-1', key: (await generateDeviceKey()).key }
const stranger = { id: 'd-1', key: (await generateDeviceKey()).key }
const key = random(32)
const splitting: Splitting = { device, instance: 'office', resetSeq: 0, keys: approved, now: 1_800_000_000, random }
const combining = { device, instance: 'office', resetSeq: 0, approved }
const coded = (code: string, message?: string) =>
  expect.objectContaining({ name: 'PolicyError', code, ...(message === undefined ? {} : { message: expect.stringContaining(message) }) })

const shares = await splitInstanceKey(key, splitting)
const shareOf = (made: readonly EscrowShare[], person: Administrator) => made[people.indexOf(person)]

async function back(person: Administrator, made: readonly EscrowShare[] = shares, to = device.key.agreementJwk) {
  const opened = await openShare(JSON.stringify(shareOf(made, person)), person)
  return JSON.stringify(await returnShare(opened, { to, ephemeral: await generateEphemeralKey(), random }))
}
const backFrom = (of: readonly Administrator[], made = shares) => Promise.all(of.map((person) => back(person, made)))
const honest = await backFrom([ada, ben, cora])

describe('a split instance key', () => {
  it.each([
    ['the first three', [ada, ben, cora]],
    ['three in another order', [dan, ada, cora]],
    ['all of them', [cora, dan, ben, ada]],
    ['three, one of them twice', [dan, ben, dan, cora]],
  ])('comes back from %s', async (_who, of) => {
    const combined = await combineShares(await backFrom(of), combining)
    expect(combined.key).toEqual(key)
    expect(combined.kids.length).toBe(new Set(of).size)
  })

  it('does not come back from fewer, however often they are counted', async () => {
    const two = await backFrom([ada, ben])
    await expect(combineShares(two, combining)).rejects.toThrow(coded('escrow-shares-too-few'))
    await expect(combineShares([...two, ...two], combining)).rejects.toThrow(coded('escrow-shares-too-few'))
    await expect(combineShares([], combining)).rejects.toThrow(coded('escrow-shares-too-few'))
    expect((await combineShares([...two, await back(dan)], combining)).key).toEqual(key)
  })

  it('is nothing that fewer shares could be tried for: they combine to other bytes, and any key fits them', async () => {
    const opened = await Promise.all([ada, ben].map(async (person) => (await openShare(JSON.stringify(shareOf(shares, person)), person)).share))
    expect(await combine(opened.map((share) => new Uint8Array(share)))).not.toEqual(key)
    const third = (await openShare(JSON.stringify(shareOf(shares, cora)), cora)).share
    expect(await combine([...opened, third].map((share) => new Uint8Array(share)))).toEqual(key)
    const guesses = new Set(
      await Promise.all(
        Array.from({ length: 16 }, async (_, guess) => {
          const made = new Uint8Array(third)
          made[0] = guess
          return (await combine([...opened.map((share) => new Uint8Array(share)), made]))[0]
        }),
      ),
    )
    expect(guesses.size).toBe(16)
  })

  it('is named by every share, with a commitment that is not its digest', async () => {
    for (const share of shares) {
      const { threshold, shares: named, ...claims } = await readEscrowStatement(share.statement)
      expect(claims).toMatchObject({ device: 'd-1', instance: 'office', resetSeq: 0, iat: splitting.now, publicJwk: device.key.publicJwk })
      expect({ threshold, kids: named.map(({ kid }) => kid) }).toEqual({ threshold: 3, kids: approved.keys.map(({ kid }) => kid) })
    }
    const again = await splitInstanceKey(key, splitting)
    const [one, other] = [await readEscrowStatement(shares[0]?.statement ?? ''), await readEscrowStatement(again[0]?.statement ?? '')]
    expect(one.commitment).not.toBe(other.commitment)
    expect(JSON.stringify(shares)).not.toContain(encodeBase64url(key).slice(0, 20))
  })
})

describe('an administrator', () => {
  it('opens their own share and no other', async () => {
    await expect(openShare(JSON.stringify(shareOf(shares, ada)), ben)).rejects.toThrow(coded('escrow-share-key'))
    expect((await openShare(JSON.stringify(shareOf(shares, ben)), ben)).sealed.index).toBe(2)
  })

  it('gives a share back to the device that made it and to no other', async () => {
    await expect(back(ada, shares, stranger.key.agreementJwk)).rejects.toThrow(coded('escrow-other-device'))
    await expect(back(ada, shares, device.key.agreementJwk)).resolves.toContain('casemate-escrow-return-1')
  })

  it.each([
    ['the box', (share: EscrowShare) => ({ ...share, box: flipped(share.box) })],
    ['the sender', (share: EscrowShare) => ({ ...share, sender: flipped(share.sender) })],
    ['the nonce', (share: EscrowShare) => ({ ...share, nonce: flipped(share.nonce) })],
    ['the statement, by that of another split', (share: EscrowShare) => ({ ...share, statement: otherSplit[0]?.statement ?? '' })],
  ])('finds an altered share: %s', async (_what, alter) => {
    const share = shareOf(shares, ada)
    if (share === undefined) throw new Error('expected a share')
    await expect(openShare(JSON.stringify(alter(share)), ada)).rejects.toThrow(coded('escrow-share-altered', 'share 1 of `office` on `d-1`'))
    await expect(openShare(JSON.stringify(share), ada)).resolves.toBeDefined()
  })

  it('believes no statement whose signature does not hold', async () => {
    const share = shareOf(shares, ada)
    const [head, body, signature = ''] = (share?.statement ?? '').split('.')
    const forged = { ...share, statement: [head, body, flipped(signature)].join('.') }
    await expect(openShare(JSON.stringify(forged), ada)).rejects.toThrow(coded('token-signature'))
    await expect(openShare('{}', ada)).rejects.toThrow(coded('escrow-share-invalid'))
    await expect(openShare(JSON.stringify(share), ada)).resolves.toBeDefined()
  })
})

const otherSplit = await splitInstanceKey(key, splitting)

describe('a device that gets shares back', () => {
  it.each([
    ['what is no share', async () => '{}', 'escrow-share-invalid'],
    [
      'a share of another device',
      async () => back(cora, await splitInstanceKey(key, { ...splitting, device: stranger }), stranger.key.agreementJwk),
      'escrow-share-foreign',
    ],
    ['a share of another instance', async () => back(cora, await splitInstanceKey(key, { ...splitting, instance: 'lab' })), 'escrow-share-foreign'],
    [
      'a share under another name of this device',
      async () => back(cora, await splitInstanceKey(key, { ...splitting, device: { ...device, id: 'd-2' } })),
      'escrow-share-foreign',
    ],
    ['a share of after this reset', async () => back(cora, await splitInstanceKey(key, { ...splitting, resetSeq: 1 })), 'escrow-share-older'],
    ['a share of another split of the same key', async () => back(cora, otherSplit), 'escrow-shares-mixed'],
    [
      'a share that its administrator altered',
      async () => sealedBack(cora, (share) => Uint8Array.of((share[0] ?? 0) ^ 1, ...share.subarray(1))),
      'escrow-share-altered',
    ],
    ['a share under another index', async () => JSON.stringify({ ...JSON.parse(honest[2] ?? ''), index: 4 }), 'escrow-share-altered'],
    ['a share that was sealed to another device', async () => sealedBack(cora, (share) => share, stranger.key.agreementJwk), 'escrow-share-altered'],
    ['a share under an index that there is not', async () => JSON.stringify({ ...JSON.parse(honest[2] ?? ''), index: 5 }), 'escrow-key-unapproved'],
  ])('names and refuses %s', async (_what, third, code) => {
    await expect(combineShares([honest[0] ?? '', honest[1] ?? '', await third()], combining)).rejects.toThrow(coded(code, 'share 3'))
    expect((await combineShares(honest, combining)).key).toEqual(key)
  })

  it('takes no share from a key that is no longer approved', async () => {
    const fewer = { ...combining, approved: await listOf(2, [ada, ben, dan]) }
    await expect(combineShares(honest, fewer)).rejects.toThrow(coded('escrow-key-unapproved', await thumbprint(escrowJwk(cora.publicKey))))
    expect((await combineShares(await backFrom([ada, ben, dan]), fewer)).key).toEqual(key)
  })

  it('takes the threshold of the split, also where the list asks for fewer by now', async () => {
    const looser = { ...combining, approved: await listOf(2, people) }
    await expect(combineShares(honest.slice(0, 2), looser)).rejects.toThrow(coded('escrow-shares-too-few'))
    expect((await combineShares(honest, looser)).key).toEqual(key)
  })

  it('takes no shares of before a reset', async () => {
    await expect(combineShares(honest, { ...combining, resetSeq: 1 })).rejects.toThrow(coded('escrow-share-older', 'share 1'))
    const fresh = await splitInstanceKey(key, { ...splitting, resetSeq: 1 })
    expect((await combineShares(await backFrom([ben, cora, dan], fresh), { ...combining, resetSeq: 1 })).key).toEqual(key)
  })

  it('takes no other key than the one that it committed to', async () => {
    const claims = await readEscrowStatement(shares[0]?.statement ?? '')
    const signer = await deviceSigner(device.key)
    const lying = await signToken({ ...claims, commitment: '0'.repeat(64) }, { typ: 'casemate-escrow+jwt', signer })
    const relabelled = honest.map((text) => JSON.stringify({ ...JSON.parse(text), statement: lying }))
    await expect(combineShares(relabelled, combining)).rejects.toThrow(coded('escrow-key-mismatch'))
    const same = await signToken(claims, { typ: 'casemate-escrow+jwt', signer })
    const resigned = honest.map((text) => JSON.stringify({ ...JSON.parse(text), statement: same }))
    expect((await combineShares(resigned, combining)).key).toEqual(key)
  })
})

describe('an instance that moves', () => {
  const next = { id: 'd-2', key: nextKey }
  const moved = async (change: object = {}): Promise<Move> => ({
    ...{ iss: 'example', sub: 'd-2', cnf: { jkt: await thumbprint(nextKey.publicJwk) }, id: 'AAAAAAAAAAAAAAAAAAAAAA', desktop: 'office' },
    ...{ iat: 1_800_000_000, exp: 1_800_086_400, kind: 'move' },
    grant: {
      instance: 'office',
      from: { device: 'd-1', jkt: await thumbprint(device.key.publicJwk) },
      to: await thumbprint(nextKey.agreementJwk),
      ...change,
    },
  })
  const give = async (person: Administrator, move: Move, to = nextKey.agreementJwk) => {
    const opened = await openShare(JSON.stringify(shareOf(shares, person)), person)
    return JSON.stringify(await returnShare(opened, { to, move, ephemeral: await generateEphemeralKey(), random }))
  }
  const taking = async () => ({ ...combining, device: next, madeBy: { id: 'd-1', jkt: await thumbprint(device.key.publicJwk) } })

  it('opens on the device that the grant names, and on no other', async () => {
    const given = await Promise.all([ada, ben, cora].map(async (person) => give(person, await moved())))
    expect((await combineShares(given, await taking())).key).toEqual(key)
    await expect(combineShares(given, { ...(await taking()), device: stranger })).rejects.toThrow(coded('escrow-share-altered'))
    await expect(combineShares(given, { ...combining, device: next })).rejects.toThrow(coded('escrow-share-foreign'))
  })

  it.each([
    ['another instance', { instance: 'lab' }],
    ['another device', { from: { device: 'd-3', jkt: '' } }],
    ['another key of the device', { from: { device: 'd-1', jkt: 'A'.repeat(43) } }],
    ['another key to seal to', { to: 'A'.repeat(43) }],
  ])('is given by no administrator on a grant of %s', async (_what, change) => {
    await expect(give(ada, await moved(change))).rejects.toThrow(coded('escrow-other-device'))
    expect(await give(ada, await moved())).toContain('casemate-escrow-return-1')
  })

  it('is given to no other device than that of the grant, be it the one that made the shares', async () => {
    await expect(give(ada, await moved(), device.key.agreementJwk)).rejects.toThrow(coded('escrow-other-device'))
    await expect(back(ada)).resolves.toBeDefined()
  })

  it('needs as many shares as at home, and those of one split', async () => {
    const [one = '', two = ''] = await Promise.all([ada, ben].map(async (person) => give(person, await moved())))
    await expect(combineShares([one, two], await taking())).rejects.toThrow(coded('escrow-shares-too-few'))
    expect((await combineShares([one, two, await give(dan, await moved())], await taking())).key).toEqual(key)
  })
})

it('tells whom an encrypted token is for, without opening it', async () => {
  const token = await encryptToken(key, { typ: 'x+jwe', recipient: nextKey.agreementJwk, ephemeral: await generateEphemeralKey(), random })
  expect(recipientOf(token)).toBe(await thumbprint(nextKey.agreementJwk))
  expect(() => recipientOf('a.b')).toThrow(coded('token-form'))
})

function flipped(text: string): string {
  const bytes = decodeBase64url(text)
  bytes[0] = (bytes[0] ?? 0) ^ 1
  return encodeBase64url(bytes)
}

async function sealedBack(person: Administrator, alter: (share: Uint8Array) => Uint8Array, to = device.key.agreementJwk): Promise<string> {
  const opened = await openShare(JSON.stringify(shareOf(shares, person)), person)
  const claims = { ...opened.claims, agreementJwk: to }
  return JSON.stringify(await returnShare({ ...opened, claims, share: alter(opened.share) }, { to, ephemeral: await generateEphemeralKey(), random }))
}
