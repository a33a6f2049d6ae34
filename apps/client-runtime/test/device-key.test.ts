// SPDX-License-Identifier: Apache-2.0
//
// The contract of a device key, for every way of keeping one.
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { DeviceKey } from '@casemate/policy/device-key'
import { decryptToken, encryptToken } from '@casemate/policy/encrypted-token'
import { generateEphemeralKey } from '@casemate/policy/software-device-key'
import { deviceSigner, signToken, verifyToken } from '@casemate/policy/token'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, onTestFinished, vi } from 'vitest'
import { z } from 'zod'
import { openDeviceKey, openOrMakeDeviceKey } from '../daemon/enrolment/open-device-key.ts'
import { makeTpmDeviceKey, openTpmDeviceKey, TpmKeys } from '../daemon/enrolment/tpm-device-key.ts'
import { TpmTools } from '../daemon/enrolment/tpm-tools.ts'
import { type Layout, layoutOf } from '../layout.ts'
import { SoftwareTpm } from './swtpm.ts'

const { subtle } = globalThis.crypto
const random = (length: number) => crypto.getRandomValues(new Uint8Array(length))
const code = (code: string) => expect.objectContaining({ code })

type AtEnd = (clean: () => Promise<void>) => void

async function freshLayout(atEnd: AtEnd = onTestFinished): Promise<Layout> {
  const folder = await mkdtemp(join(tmpdir(), 'casemate-device-key-'))
  atEnd(() => rm(folder, { recursive: true, force: true }))
  return { ...layoutOf(join(folder, 'data')), sealingKey: join(folder, 'state', 'sealing-key.json'), tpm: join(folder, 'tpm') }
}

const useTpm = (tpm: SoftwareTpm) => vi.stubEnv('TPM2TOOLS_TCTI', tpm.tcti)
afterEach(() => void vi.unstubAllEnvs())

const kinds = [
  { kind: 'sealed', keeping: 'sealed', wanted: 'software' },
  { kind: 'carried', keeping: 'carried', wanted: 'software' },
  { kind: 'tpm', keeping: 'sealed', wanted: 'tpm' },
] as const

describe.each(kinds)('a device key that is $kind', ({ kind, keeping, wanted }) => {
  const cleanings: (() => Promise<void>)[] = []
  const atEnd: AtEnd = (clean) => void cleanings.push(clean)
  let layout: Layout
  let key: DeviceKey
  let tpm: SoftwareTpm | null = null

  beforeAll(async () => {
    layout = await freshLayout(atEnd)
    tpm = kind === 'tpm' ? await SoftwareTpm.start(undefined, atEnd) : null
    if (tpm !== null) useTpm(tpm)
    key = (await openOrMakeDeviceKey(layout, keeping, wanted)).key
  })
  beforeEach(() => {
    if (tpm !== null) useTpm(tpm)
  })
  afterAll(async () => {
    for (const clean of cleanings.reverse()) await clean()
  })

  it('signs with ES256 what its public half verifies, and nothing else', async () => {
    const message = random(100)
    const signature = await key.sign(message)
    expect(signature).toHaveLength(64)
    const verifier = await subtle.importKey('jwk', { ...key.publicJwk }, { name: 'ECDSA', namedCurve: 'P-256' }, false, ['verify'])
    const holds = (signed: Uint8Array, of: Uint8Array) =>
      subtle.verify({ name: 'ECDSA', hash: 'SHA-256' }, verifier, new Uint8Array(signed), new Uint8Array(of))
    expect(await holds(signature, message)).toBe(true)
    expect(await holds(signature, random(100))).toBe(false)
  })

  it('finds the secret that its peer finds, and opens what is encrypted for it', async () => {
    const peer = await generateEphemeralKey()
    const shared = await key.agree(peer.agreementJwk)
    expect(shared).toHaveLength(32)
    expect(await peer.agree(key.agreementJwk)).toEqual(shared)
    const plain = random(40)
    const sealed = await encryptToken(plain, { typ: 'test', recipient: key.agreementJwk, ephemeral: await generateEphemeralKey(), random })
    expect(await decryptToken(sealed, { typ: 'test', key })).toEqual(plain)
  })

  it('refuses a peer that is no point of the curve, and takes the next', async () => {
    const { agreementJwk: peer } = await generateEphemeralKey()
    await expect(key.agree({ ...peer, y: peer.x })).rejects.toEqual(code('key-invalid'))
    expect(await key.agree(peer)).toHaveLength(32)
  })

  it('is the same when it is opened again, and is used many times at once', async () => {
    const opened = await openDeviceKey(layout, keeping)
    if (opened === undefined) throw new Error('expected a key, found none')
    const { key: again } = opened
    expect([opened.keeping, again.publicJwk, again.agreementJwk]).toEqual([kind, key.publicJwk, key.agreementJwk])
    const peer = await generateEphemeralKey()
    const signer = await deviceSigner(again)
    const claims = z.strictObject({ n: z.int() })
    const tokens = [1, 2, 3].map((n) => signToken({ n }, { typ: 'test', signer }))
    const [shared, ...signed] = await Promise.all([again.agree(peer.agreementJwk), ...tokens])
    expect(shared).toEqual(await peer.agree(key.agreementJwk))
    for (const [index, token] of signed.entries()) {
      const { claims: found } = await verifyToken(token, { typ: 'test', alg: 'ES256', keys: () => key.publicJwk, claims })
      expect(found).toEqual({ n: index + 1 })
    }
  })
})

describe('a device key in a TPM', () => {
  it('may be used again and again, also after uses that failed, on a TPM without a resource manager', async () => {
    const layout = await freshLayout()
    const tpm = await SoftwareTpm.start()
    const tools = await TpmTools.open(layout.tpm, tpm.tcti)
    const file = await makeTpmDeviceKey(tools)
    const peer = await generateEphemeralKey()
    const broken = await openTpmDeviceKey(file, new TpmKeys({ ...file, sign: { ...file.sign, private: file.agree.private } }, tools))
    const key = await openTpmDeviceKey(file, new TpmKeys(file, tools))
    for (const _round of [1, 2, 3, 4]) {
      await expect(broken.agree(peer.agreementJwk)).rejects.toEqual(code('tpm-failed'))
      expect(await key.agree(peer.agreementJwk)).toEqual(await peer.agree(key.agreementJwk))
    }
  })

  it('leaves no file of a call behind, and its own file opens with no other TPM', async () => {
    const layout = await freshLayout()
    const [tpm, other] = [await SoftwareTpm.start(), await SoftwareTpm.start()]
    useTpm(tpm)
    const { key } = await openOrMakeDeviceKey(layout, 'sealed', 'tpm')
    await key.sign(random(10))
    await key.agree((await generateEphemeralKey()).agreementJwk)
    expect((await readdir(layout.tpm)).sort()).toEqual(['agree.ctx', 'sign.ctx'])
    useTpm(other)
    const foreign = (await openDeviceKey(layout, 'sealed'))?.key
    await expect(foreign?.sign(random(10))).rejects.toEqual(code('tpm-failed'))
    useTpm(tpm)
    expect(await (await openDeviceKey(layout, 'sealed'))?.key.sign(random(10))).toHaveLength(64)
  })

  it('goes on after the TPM was reset, and fails while it is away', async () => {
    const layout = await freshLayout()
    const tpm = await SoftwareTpm.start()
    useTpm(tpm)
    const { key } = await openOrMakeDeviceKey(layout, 'sealed', 'tpm')
    expect(await key.sign(random(10))).toHaveLength(64)
    await tpm.stop()
    await expect(key.sign(random(10))).rejects.toEqual(code('tpm-missing'))
    await tpm.powerOn()
    expect(await key.sign(random(10))).toHaveLength(64)
  })

  it('is made where one works when either will do; without one the key is in software, and `tpm` is refused', async () => {
    const [layout, without] = [await freshLayout(), await freshLayout()]
    vi.stubEnv('TPM2TOOLS_TCTI', 'swtpm:path=/nowhere/tpm.sock')
    await expect(openOrMakeDeviceKey(without, 'sealed', 'tpm')).rejects.toEqual(code('tpm-missing'))
    expect(await openDeviceKey(without, 'sealed')).toBeUndefined()
    expect((await openOrMakeDeviceKey(without, 'sealed', 'auto')).keeping).toBe('sealed')
    useTpm(await SoftwareTpm.start())
    expect((await openOrMakeDeviceKey(layout, 'sealed', 'auto')).keeping).toBe('tpm')
    // Whoever asks again gets the key that is there; another kind makes room for what is wanted.
    expect((await openOrMakeDeviceKey(without, 'sealed', 'auto')).keeping).toBe('sealed')
    expect((await openOrMakeDeviceKey(layout, 'sealed')).keeping).toBe('tpm')
    expect((await openOrMakeDeviceKey(layout, 'sealed', 'software')).keeping).toBe('sealed')
  })

  it('is not made on a stick', async () => {
    const layout = await freshLayout()
    useTpm(await SoftwareTpm.start())
    await expect(openOrMakeDeviceKey(layout, 'carried', 'tpm')).rejects.toEqual(code('tpm-not-carried'))
    expect((await openOrMakeDeviceKey(layout, 'carried', 'auto')).keeping).toBe('carried')
  })

  it('is refused where the public half in its file has other attributes', async () => {
    const layout = await freshLayout()
    useTpm(await SoftwareTpm.start())
    await openOrMakeDeviceKey(layout, 'sealed', 'tpm')
    const file = JSON.parse(await readFile(layout.deviceKey, 'utf8'))
    await writeFile(layout.deviceKey, JSON.stringify({ ...file, sign: file.agree }))
    await expect(openDeviceKey(layout, 'sealed')).rejects.toEqual(code('tpm-invalid'))
    await writeFile(layout.deviceKey, JSON.stringify(file))
    expect((await openDeviceKey(layout, 'sealed'))?.keeping).toBe('tpm')
  })
})
