// SPDX-License-Identifier: Apache-2.0
//
// Every reader of bytes from outside: random input, and valid input with random damage, is refused by a PolicyError and by nothing else.
import fc from 'fast-check'
import nacl from 'tweetnacl'
import { describe, expect, it } from 'vitest'
import { readEnrolmentCode, writeEnrolmentCode } from '../src/enrolment-code.ts'
import { PolicyError } from '../src/error.ts'
import { canonicalJson } from '../src/model/canonical-json.ts'
import { parsePolicy, parsePolicyYaml, writePolicy } from '../src/model/policy.ts'
import { parseRelease, writeRelease } from '../src/model/release.ts'
import { appendEntry, emptyJournal, readLine } from '../src/report/journal.ts'
import { makeReceipt } from '../src/report/receipt.ts'
import { verifyReceipt } from '../src/report/report.ts'
import { timeTyp, verifyTimeAnswer } from '../src/trust/clock.ts'
import { decryptToken, encryptToken } from '../src/trust/encrypted-token.ts'
import { combineShares, splitInstanceKey } from '../src/trust/escrow.ts'
import { escrowJwk, openShare, readShare, returnShare } from '../src/trust/escrow-open.ts'
import { openInstanceKey, wrapInstanceKey } from '../src/trust/instance-key.ts'
import { thumbprint } from '../src/trust/jwk.ts'
import { parseEscrowKeys, parseKeyList } from '../src/trust/key-list.ts'
import { leaseTyp, verifyLease } from '../src/trust/lease.ts'
import { makeProof, verifyProof } from '../src/trust/proof.ts'
import { openKey, sealKey } from '../src/trust/sealed-key.ts'
import { generateDeviceKey, generateEphemeralKey, loadDeviceKey } from '../src/trust/software-device-key.ts'
import { deviceSigner, signToken } from '../src/trust/token.ts'
import { readTpmStatement } from '../src/trust/tpm-attestation.ts'
import { readTpmPublic, readTpmSignature } from '../src/trust/tpm-public.ts'
import { inputOf, noPassword, now } from '../vectors/scenario.ts'
import { consoleKey, random } from './keys.ts'

const online = await consoleKey()
const device = await generateDeviceKey()
const signer = await deviceSigner(device.key)
const { lease, facts, release, policies } = inputOf({ layers: [{ layer: 'organisation', rules: [noPassword] }] })
if (lease === null) throw new Error('the base scenario has a lease')
const derive = async () => new Uint8Array(32)
const nonce = 'AAAAAAAAAAAAAAAAAAAAAA'
const policyText = writePolicy(policies[0]?.document ?? { format: 'casemate-policy-1', name: 'x', version: '1', minRuntime: '0.1.0', rules: [] })
const request = { method: 'GET' as const, target: '/device/v1/x', body: new Uint8Array() }

const pairs = [nacl.box.keyPair.fromSecretKey(random(32)), nacl.box.keyPair.fromSecretKey(random(32))]
const escrowKeys = await Promise.all(pairs.map(async ({ publicKey }) => ({ kid: await thumbprint(escrowJwk(publicKey)), jwk: escrowJwk(publicKey) })))
const escrowText = canonicalJson({ format: 'casemate-escrow-keys-1', purpose: 'escrow', threshold: 2, keys: escrowKeys })
const approved = await parseEscrowKeys(escrowText)
const owner = { id: 'laptop-1', key: device.key }
const shares = await splitInstanceKey(random(32), { device: owner, instance: 'one', resetSeq: 0, keys: approved, now, random })
const returned = await Promise.all(
  pairs.map(async (pair, at) => {
    const opened = await openShare(JSON.stringify(shares[at]), pair)
    return JSON.stringify(await returnShare(opened, { to: device.key.agreementJwk, ephemeral: await generateEphemeralKey(), random }))
  }),
)

/** Name, a text that is taken, and the reader. */
const readers: readonly (readonly [string, string, (text: string) => unknown])[] = [
  ['policy (JSON)', policyText, parsePolicy],
  ['policy (YAML)', policyText, parsePolicyYaml],
  ['release', writeRelease(release.document), parseRelease],
  [
    'journal line',
    (await appendEntry(await emptyJournal('x'), { boot: 'a', wall: 1, mono: 1 }, { type: 'runtime-stopped', data: {} })).line,
    readLine,
  ],
  [
    'key list',
    canonicalJson({ format: 'casemate-keys-1', purpose: 'online', keys: [{ kid: online.signer.kid, jwk: online.publicJwk }] }),
    (text) => parseKeyList(text, 'online'),
  ],
  ['list of escrow keys', escrowText, parseEscrowKeys],
  ['sealed share', JSON.stringify(shares[0]), readShare],
  [
    'returned share',
    returned[0] ?? '',
    (text) => combineShares([text, returned[1] ?? ''], { device: owner, instance: 'one', resetSeq: 0, approved }),
  ],
  [
    'enrolment code',
    writeEnrolmentCode({
      rootSha256: 'ab'.repeat(32),
      address: 'https://a.example',
      pin: 'cd'.repeat(32),
      secret: '00'.repeat(16),
      expires: now + 1,
    }),
    (text) => readEnrolmentCode(text, now),
  ],
  ['device key', device.secret, loadDeviceKey],
  [
    'sealed key',
    await sealKey({ kind: 'chunk-key', secret: random(32) }, 'x', { derive, random }),
    (text) => openKey(text, 'x', { kind: 'chunk-key', derive }),
  ],
  [
    'lease',
    await signToken(lease, { typ: leaseTyp, signer: online.signer }),
    (text) =>
      verifyLease(text, {
        keys: online.keys,
        issuer: lease.iss,
        device: facts.device,
        nonce: null,
        floors: facts.floors,
        repository: facts.repository,
        now,
      }),
  ],
  [
    'time',
    await signToken({ iss: 'example', nonce, time: now }, { typ: timeTyp, signer: online.signer }),
    (text) => verifyTimeAnswer(text, { keys: online.keys, issuer: 'example', nonce }),
  ],
  [
    'receipt',
    await makeReceipt({ seq: 1, sha256: 'ab'.repeat(32) }, { device: 'laptop-1', signer: online.signer, now }),
    (text) => verifyReceipt(text, { device: 'laptop-1', keys: online.keys }),
  ],
  [
    'proof',
    (await makeProof(request, { signer, now, seq: 1, random, unanswered: null })).token,
    (text) => verifyProof(text, { keys: () => device.key.publicJwk, request, now, claim: () => true }),
  ],
  [
    'encrypted token',
    await encryptToken(random(9), { typ: 'x', recipient: device.key.agreementJwk, ephemeral: await generateEphemeralKey(), random }),
    (text) => decryptToken(text, { typ: 'x', key: device.key }),
  ],
  [
    'instance key',
    await wrapInstanceKey({ instance: 'one', passwordSeq: 0 }, random(32), {
      device: device.key,
      ephemeral: await generateEphemeralKey(),
      random,
      password: null,
    }),
    (text) => openInstanceKey(text, { instance: 'one', passwordSeq: 0 }, device.key, null),
  ],
]

const outcomeOf = async (read: (text: string) => unknown, text: string): Promise<unknown> => {
  try {
    await read(text)
    return 'taken'
  } catch (error) {
    return error
  }
}

describe.each(readers)('the reader of a %s', (_name, valid, read) => {
  it('takes what it is for', async () => expect(await outcomeOf(read, valid)).toBe('taken'))

  it('refuses random text with an error of ours', async () => {
    await fc.assert(
      fc.asyncProperty(fc.string({ unit: 'binary' }), async (text) => void expect(await outcomeOf(read, text)).toBeInstanceOf(PolicyError)),
    )
  })

  it('refuses what was cut or has one character changed, unless it still says the same', async () => {
    await fc.assert(
      fc.asyncProperty(fc.nat(), fc.constantFrom('', ...'"{}[]:,0aZ._-\u0000\ud800é'), async (pick, letter) => {
        const at = pick % valid.length
        for (const text of [valid.slice(0, at), valid.slice(0, at) + letter + valid.slice(at + 1)]) {
          const outcome = await outcomeOf(read, text)
          if (outcome !== 'taken') expect(outcome).toBeInstanceOf(PolicyError)
        }
        // Cutting off only the end of the last line leaves the same document.
        const cut = valid.slice(0, at)
        if (cut !== valid.trimEnd()) expect(await outcomeOf(read, cut)).not.toBe('taken')
      }),
    )
  })
})

/** Bytes that a TPM (swtpm 0.7.1) gave, and their readers. */
const tpmReaders: readonly (readonly [string, string, (bytes: Uint8Array) => unknown])[] = [
  [
    'statement',
    'ff544347801a0022000b1a185a0aed554ca28cfec3ff0b6de79b3f466a03e4ea2dd45605cba409f2c637002000112233445566778899aabbccddeeff00112233445566778899aabbccddeeff000000000000bafe00000002000000000120191023001636360022000ba19ec13793fb097719be7283b846c802052c3e1705e68698ee2049678ec165f00020cff7c420a00a6a579476137f50ea3f574e8873b3c438701d8d2efbbdb8d5b164',
    readTpmStatement,
  ],
  [
    'public area',
    '00580023000b00040472000000100018000b000300100020183c2f5e8958c4fb636108cd276992d6c568867f8e78d5a3aa65672df30769090020d21009bb50f2459dad4fc4b125428a92064e1b552d91f3a474a75604998abab3',
    (bytes) => readTpmPublic(bytes, 'sign'),
  ],
  [
    'signature',
    '0018000b002072041c0c9b107fb23aa6490092f09d496128d1391cf05e41d2344b021b41d9580020ee486eb93d8df217588932372ccec5cf42645a0b41e5079dddbf7354122ac20f',
    readTpmSignature,
  ],
]

describe.each(tpmReaders)("the reader of a TPM's %s", (_name, hex, read) => {
  const valid = new Uint8Array(Buffer.from(hex, 'hex'))
  const outcome = (bytes: Uint8Array) => outcomeOf(() => read(bytes), '')
  const refusal = expect.objectContaining({ name: 'PolicyError', code: 'tpm-invalid' })

  it('takes what it is for', async () => expect(await outcome(valid)).toBe('taken'))

  it('refuses random bytes with its own error', async () => {
    await fc.assert(fc.asyncProperty(fc.uint8Array({ maxLength: 300 }), async (bytes) => void expect(await outcome(bytes)).toEqual(refusal)))
  })

  it('refuses what was cut or goes on, and meets other damage with its own error at most', async () => {
    await fc.assert(
      fc.asyncProperty(fc.nat(), fc.integer({ min: 1, max: 255 }), fc.uint8Array({ minLength: 1, maxLength: 9 }), async (pick, bits, more) => {
        const at = pick % valid.length
        expect(await outcome(valid.slice(0, at))).toEqual(refusal)
        expect(await outcome(Uint8Array.of(...valid, ...more))).toEqual(refusal)
        const damaged = await outcome(valid.with(at, (valid[at] ?? 0) ^ bits))
        if (damaged !== 'taken') expect(damaged).toEqual(refusal)
        const longer = await outcome(Uint8Array.of(...valid.slice(0, at), ...more, ...valid.slice(at)))
        if (longer !== 'taken') expect(longer).toEqual(refusal)
      }),
    )
  })
})
