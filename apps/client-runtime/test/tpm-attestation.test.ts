// SPDX-License-Identifier: Apache-2.0
//
// What a TPM says of the device's keys, and what the console makes of it: two TPMs of two makers, and everything exchanged between them.
import { execFile } from 'node:child_process'
import { randomBytes, X509Certificate } from 'node:crypto'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { decodeBase64url, encodeBase64url } from '@casemate/policy/base64url'
import { writeEnrolmentCode } from '@casemate/policy/enrolment-code'
import { generateDeviceKey } from '@casemate/policy/software-device-key'
import { type TpmAttestation, type TpmIdentity, tpmQualifier } from '@casemate/policy/tpm-attestation'
import { afterAll, beforeAll, describe, expect, it, onTestFinished, vi } from 'vitest'
import { listDevices } from '../../console/src/devices/list.ts'
import { addTpmAuthority, listTpmAuthorities, removeTpmAuthority } from '../../console/src/devices/tpm-authorities.ts'
import { type ClaimedKeys, challengeTpm, type TpmVerifier, verifyTpm } from '../../console/src/devices/verify-tpm.ts'
import { admin, makeWorkplace } from '../../console/test/cli/admin.ts'
import { newCode, operator, startWorld } from '../../console/test/console/world.ts'
import { attestTpm } from '../daemon/enrolment/attest-tpm.ts'
import { makeTpmDeviceKey, openTpmDeviceKey, type TpmDeviceKeyFile, TpmKeys } from '../daemon/enrolment/tpm-device-key.ts'
import { type TpmCall, TpmTools } from '../daemon/enrolment/tpm-tools.ts'
import { Computer, realWorld } from './computer.ts'
import { SoftwareTpm, TpmAuthority } from './swtpm.ts'

interface Maker {
  readonly tpm: SoftwareTpm
  readonly file: TpmDeviceKeyFile
  readonly keys: TpmKeys
  /** PEM: root, and who issues certificates. */
  readonly certificates: readonly [string, string]
  readonly claimed: ClaimedKeys
}

const run = promisify(execFile)
const casemate = join(import.meta.dirname, '../cli/main.ts')
const random = (length: number) => new Uint8Array(randomBytes(length))
const code = (code: string) => expect.objectContaining({ code })
const secretSha256 = 'ab'.repeat(32)
const key = random(32)
const cleanings: (() => Promise<void>)[] = []
const atEnd = (clean: () => Promise<void>) => void cleanings.push(clean)

/** Once the certificates are made, which are in force from then on. */
let now = 0
let ours: Maker
let other: Maker
let verifier: TpmVerifier
let honest: TpmAttestation

async function make(): Promise<Maker> {
  const authority = await TpmAuthority.make(atEnd)
  const tpm = await SoftwareTpm.start(authority, atEnd)
  const folder = await mkdtemp(join(tmpdir(), 'casemate-tpm-calls-'))
  atEnd(() => rm(folder, { recursive: true, force: true }))
  const tools = await TpmTools.open(join(folder, 'tpm'), tpm.tcti)
  const file = await makeTpmDeviceKey(tools)
  const keys = new TpmKeys(file, tools)
  const { publicJwk, agreementJwk } = await openTpmDeviceKey(file, keys)
  return { tpm, file, keys, certificates: await authority.certificates(), claimed: { publicJwk, agreementJwk, secretSha256 } }
}

const trusting = (...pems: readonly string[]): TpmVerifier => ({ authorities: pems.map((pem) => new X509Certificate(pem)), key, now })
const ask = (identity: TpmIdentity, by = verifier) => challengeTpm(by, { identity, secretSha256 }, random)

async function attest({ file, keys }: Pick<Maker, 'file'> & { readonly keys: Pick<TpmKeys, 'use'> }, by = verifier): Promise<TpmAttestation> {
  const made = await attestTpm({ file, keys }, (identity) => ask(identity, by))
  if (made === null) throw new Error('expected a TPM with a certificate')
  return made
}

beforeAll(async () => {
  ;[ours, other] = await Promise.all([make(), make()])
  now = Math.ceil(Date.now() / 1000)
  verifier = trusting(ours.certificates[1])
  honest = await attest(ours)
})

afterAll(async () => {
  for (const clean of cleanings.reverse()) await clean()
})

describe('the console takes a device for one with a TPM', () => {
  it('where all that the TPM says fits together', async () => {
    await expect(verifyTpm(verifier, honest, ours.claimed)).resolves.toBeUndefined()
  })

  it('only under a certificate of an authority that was configured: not of another, not above it, none', async () => {
    const [root] = ours.certificates
    for (const by of [trusting(other.certificates[1]), trusting(root), trusting()]) {
      await expect(ask(honest.identity, by)).rejects.toEqual(code('tpm-certificate-refused'))
      await expect(verifyTpm(by, honest, ours.claimed)).rejects.toEqual(code('tpm-certificate-refused'))
    }
    await expect(verifyTpm(trusting(other.certificates[1], ours.certificates[1]), honest, ours.claimed)).resolves.toBeUndefined()
  })

  it('only under a certificate of an endorsement key that is in force', async () => {
    const [root, issuer] = ours.certificates
    const certificate = encodeBase64url(new Uint8Array(new X509Certificate(issuer).raw))
    await expect(ask({ ...honest.identity, certificate }, trusting(root))).rejects.toEqual(code('tpm-certificate-refused'))
    const before = Math.floor(new X509Certificate(decodeBase64url(honest.identity.certificate)).validFromDate.getTime() / 1000) - 1
    await expect(ask(honest.identity, { ...verifier, now: before })).rejects.toEqual(code('tpm-certificate-refused'))
    await expect(ask({ ...honest.identity, certificate: 'AAAA' })).rejects.toEqual(code('tpm-certificate-refused'))
    await expect(ask(honest.identity)).resolves.toBeDefined()
  })

  it('only where the attestation key signs nothing but what the TPM says', async () => {
    await expect(ask({ ...honest.identity, attestKey: ours.file.sign.public })).rejects.toEqual(code('tpm-key-refused'))
    await expect(ask(honest.identity)).resolves.toBeDefined()
  })

  it('only where the TPM of the certificate opened the credential, while the challenge runs and for this code', async () => {
    const made = { ...honest, secret: encodeBase64url(random(32)) }
    await expect(verifyTpm(verifier, made, ours.claimed)).rejects.toEqual(code('tpm-challenge-refused'))
    await expect(verifyTpm(verifier, honest, { ...ours.claimed, secretSha256: 'cd'.repeat(32) })).rejects.toEqual(code('tpm-challenge-refused'))
    await expect(verifyTpm({ ...verifier, now: now + 600 }, honest, ours.claimed)).rejects.toEqual(code('tpm-challenge-refused'))
    await expect(verifyTpm({ ...verifier, now: now + 599 }, honest, ours.claimed)).resolves.toBeUndefined()
    const longer = { ...honest, challenge: { ...honest.challenge, expires: honest.challenge.expires + 1 } }
    await expect(verifyTpm(verifier, longer, ours.claimed)).rejects.toEqual(code('tpm-challenge-refused'))
    await expect(verifyTpm({ ...verifier, key: random(32) }, honest, ours.claimed)).rejects.toEqual(code('tpm-challenge-refused'))
  })

  it('never on the word of another TPM: it opens no credential of ours, and what it opened of its own does not count for ours', async () => {
    const withOurs = (identity: TpmIdentity) => ask({ ...identity, certificate: honest.identity.certificate })
    await expect(attestTpm(other, withOurs)).rejects.toEqual(code('tpm-failed'))
    const both = trusting(ours.certificates[1], other.certificates[1])
    const theirs = await attest(other, both)
    await expect(verifyTpm(both, theirs, other.claimed)).resolves.toBeUndefined()
    const asOurs = { ...theirs, identity: { ...theirs.identity, certificate: honest.identity.certificate } }
    await expect(verifyTpm(both, asOurs, other.claimed)).rejects.toEqual(code('tpm-challenge-refused'))
    // Its keys beside our attestation: first by the key that is enrolled, then by the statement.
    await expect(verifyTpm(both, honest, other.claimed)).rejects.toEqual(code('tpm-key-refused'))
    const mixed = { ...honest, sign: { ...honest.sign, public: theirs.sign.public } }
    await expect(verifyTpm(both, mixed, { ...ours.claimed, publicJwk: other.claimed.publicJwk })).rejects.toEqual(code('tpm-statement-refused'))
    await expect(verifyTpm(both, { ...honest, sign: theirs.sign }, { ...ours.claimed, publicJwk: other.claimed.publicJwk })).rejects.toEqual(
      code('tpm-statement-refused'),
    )
  })

  it('only for the keys that are enrolled: a key in software beside them is refused', async () => {
    const { key: software } = await generateDeviceKey()
    for (const part of [{ publicJwk: software.publicJwk }, { agreementJwk: software.agreementJwk }]) {
      await expect(verifyTpm(verifier, honest, { ...ours.claimed, ...part })).rejects.toEqual(code('tpm-key-refused'))
    }
    const { x, y } = software.publicJwk
    const area = Uint8Array.of(...decodeBase64url(honest.sign.public).slice(0, 24), ...decodeBase64url(x), 0, 32, ...decodeBase64url(y))
    const forged = { ...honest, sign: { ...honest.sign, public: encodeBase64url(area) } }
    await expect(verifyTpm(verifier, forged, { ...ours.claimed, publicJwk: software.publicJwk })).rejects.toEqual(code('tpm-statement-refused'))
  })

  it('only where each statement is of its own key', async () => {
    const { statement, signature } = honest.agree
    const swapped = { ...honest, sign: { ...honest.sign, statement, signature } }
    await expect(verifyTpm(verifier, swapped, ours.claimed)).rejects.toEqual(code('tpm-statement-refused'))
  })

  it('only on statements that answer this challenge: those of an earlier one, by the same attestation key, are refused', async () => {
    const [challenges, secrets]: [Awaited<ReturnType<typeof ask>>[], Uint8Array[]] = [[], []]
    const openSecond = async (call: TpmCall) => {
      const second = challenges[1]
      if (second === undefined) throw new Error('expected a second challenge')
      await call.write('second', Uint8Array.of(0xba, 0xdc, 0xc0, 0xde, 0, 0, 0, 1, ...decodeBase64url(second.credential)))
      await call.run('startauthsession', '--policy-session', '-S', 'second.ctx')
      await call.run('policysecret', '-S', 'second.ctx', '-c', 'e')
      await call.run('activatecredential', '-c', 'ak.ctx', '-C', 'ek.ctx', '-i', 'second', '-o', 'opened', '-P', 'session:second.ctx')
      await call.run('flushcontext', 'second.ctx')
      secrets.push(await call.read('opened'))
    }
    const keys: Pick<TpmKeys, 'use'> = {
      use: (act) =>
        ours.keys.use((call, contextOf) => {
          const run = async (command: string, ...args: readonly string[]) => {
            if (command === 'startauthsession') await openSecond(call)
            await call.run(command, ...args)
          }
          return act({ ...call, run }, contextOf)
        }),
    }
    const first = await attestTpm({ file: ours.file, keys }, async (identity) => {
      challenges.push(await ask(identity), await ask(identity))
      return challenges[0] ?? (await ask(identity))
    })
    const [, second] = challenges
    const [secret] = secrets
    if (first === null || second === undefined || secret === undefined) throw new Error('expected two opened challenges')
    await expect(verifyTpm(verifier, first, ours.claimed)).resolves.toBeUndefined()
    expect(await tpmQualifier(secret)).not.toEqual(await tpmQualifier(decodeBase64url(first.secret)))
    const replayed = { ...first, challenge: second.challenge, secret: encodeBase64url(secret) }
    await expect(verifyTpm(verifier, replayed, ours.claimed)).rejects.toEqual(code('tpm-statement-replayed'))
  })

  it('never with one bit of a public area, a statement or a signature turned', async () => {
    for (const use of ['sign', 'agree'] as const) {
      for (const part of ['public', 'statement', 'signature'] as const) {
        const bytes = decodeBase64url(honest[use][part])
        for (let at = 0; at < bytes.length; at += 7) {
          const turned = bytes.slice()
          turned[at] = (turned[at] ?? 0) ^ (1 << (at % 8))
          const altered = { ...honest, [use]: { ...honest[use], [part]: encodeBase64url(turned) } }
          await expect(verifyTpm(verifier, altered, ours.claimed)).rejects.toEqual(
            expect.objectContaining({ code: expect.stringMatching(/^tpm-(key|statement)-refused$/) }),
          )
        }
      }
    }
    await expect(verifyTpm(verifier, honest, ours.claimed)).resolves.toBeUndefined()
  })
})

it('a TPM into which its maker put no certificate shows nothing, and asks nothing', async () => {
  const tpm = await SoftwareTpm.start()
  const folder = await mkdtemp(join(tmpdir(), 'casemate-tpm-calls-'))
  onTestFinished(() => rm(folder, { recursive: true, force: true }))
  const tools = await TpmTools.open(join(folder, 'tpm'), tpm.tcti)
  const file = await makeTpmDeviceKey(tools)
  const asked = vi.fn(ask)
  expect(await attestTpm({ file, keys: new TpmKeys(file, tools) }, asked)).toBeNull()
  expect(asked).not.toHaveBeenCalled()
  expect(await attestTpm(ours, asked)).not.toBeNull()
  expect(asked).toHaveBeenCalledOnce()
})

it('a computer enrols with its key in its TPM, and counts as one with a TPM where the organisation knows who made it', async () => {
  const world = await realWorld()
  vi.stubEnv('TPM2TOOLS_TCTI', ours.tpm.tcti)
  onTestFinished(() => void vi.unstubAllEnvs())
  const before = await Computer.fresh()
  const enrolled = await before.call('enrol', { code: writeEnrolmentCode(await newCode(world)), key: 'tpm' })
  expect(enrolled).toMatchObject({ assurance: 'software', unverified: 'tpm-certificate-refused' })
  const { checks } = await before.call('doctor', {})
  expect(checks.find(({ check }) => check === 'device-key')?.message).toBe('in the TPM of this computer')
  await before.stop()
  const { at } = await makeWorkplace()
  await writeFile(at('maker.pem'), ours.certificates[1])
  expect((await admin(['tpm-authority', 'add', at('maker.pem'), '--data', world.data, '--json'])).code).toBe(0)
  const after = await Computer.fresh()
  const code = writeEnrolmentCode(await newCode(world))
  const { stdout } = await run(process.execPath, [casemate, 'enrol', code, '--key', 'tpm', '--data', after.data, '--json'])
  expect(JSON.parse(stdout)).toMatchObject({ assurance: 'tpm', unverified: null })
  expect((await listDevices(operator, world.console)).map(({ assurance }) => assurance).sort()).toEqual(['software', 'tpm'])
})

it('an organisation names authorities, one certificate each, and takes one back', async () => {
  const { console } = await startWorld()
  const [root, issuer] = ours.certificates
  const { sha256 } = await addTpmAuthority(operator, console, issuer)
  await addTpmAuthority(operator, console, issuer)
  expect((await listTpmAuthorities(operator, console)).map((found) => found.sha256)).toEqual([sha256])
  const leaf = `-----BEGIN CERTIFICATE-----\n${Buffer.from(decodeBase64url(honest.identity.certificate)).toString('base64')}\n-----END CERTIFICATE-----\n`
  for (const refused of [`${root}${issuer}`, leaf, 'no certificate']) {
    await expect(addTpmAuthority(operator, console, refused)).rejects.toEqual(code('input-invalid'))
  }
  await removeTpmAuthority(operator, console, sha256)
  expect(await listTpmAuthorities(operator, console)).toEqual([])
  await expect(removeTpmAuthority(operator, console, sha256)).rejects.toEqual(code('not-found'))
})
