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
import { describe, expect, it, onTestFinished, vi } from 'vitest'
import { z } from 'zod'
import { openDeviceKey, openOrMakeDeviceKey } from '../daemon/enrolment/open-device-key.ts'
import { type Layout, layoutOf } from '../layout.ts'
import { SoftwareTpm } from './swtpm.ts'

const { subtle } = globalThis.crypto
const random = (length: number) => crypto.getRandomValues(new Uint8Array(length))
const code = (code: string) => expect.objectContaining({ code })

async function freshLayout(): Promise<Layout> {
  const folder = await mkdtemp(join(tmpdir(), 'casemate-device-key-'))
  onTestFinished(() => rm(folder, { recursive: true, force: true }))
  return { ...layoutOf(join(folder, 'data')), sealingKey: join(folder, 'state', 'sealing-key.json'), tpm: join(folder, 'tpm') }
}

const useTpm = (tpm: SoftwareTpm) => {
  vi.stubEnv('TPM2TOOLS_TCTI', tpm.tcti)
  onTestFinished(() => void vi.unstubAllEnvs())
}

const kinds = [
  { kind: 'sealed', make: async (layout: Layout) => openOrMakeDeviceKey(layout, 'sealed', 'software') },
  { kind: 'carried', make: async (layout: Layout) => openOrMakeDeviceKey(layout, 'carried', 'software') },
  {
    kind: 'tpm',
    make: async (layout: Layout) => {
      useTpm(await SoftwareTpm.start())
      return openOrMakeDeviceKey(layout, 'sealed', 'tpm')
    },
  },
] as const

describe.each(kinds)('a device key that is $kind', ({ kind, make }) => {
  const reopened = async (layout: Layout): Promise<DeviceKey> => {
    const opened = await openDeviceKey(layout, kind === 'carried' ? 'carried' : 'sealed')
    if (opened === undefined) throw new Error('expected a key, found none')
    expect(opened.keeping).toBe(kind)
    return opened.key
  }

  it('signs with ES256 what its public half verifies, and nothing else', async () => {
    const { key } = await make(await freshLayout())
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
    const { key } = await make(await freshLayout())
    const peer = await generateEphemeralKey()
    const shared = await key.agree(peer.agreementJwk)
    expect(shared).toHaveLength(32)
    expect(await peer.agree(key.agreementJwk)).toEqual(shared)
    const plain = random(40)
    const sealed = await encryptToken(plain, { typ: 'test', recipient: key.agreementJwk, ephemeral: await generateEphemeralKey(), random })
    expect(await decryptToken(sealed, { typ: 'test', key })).toEqual(plain)
  })

  it('refuses a peer that is no point of the curve, and takes the next', async () => {
    const { key } = await make(await freshLayout())
    const { agreementJwk: peer } = await generateEphemeralKey()
    await expect(key.agree({ ...peer, y: peer.x })).rejects.toEqual(code('key-invalid'))
    expect(await key.agree(peer)).toHaveLength(32)
  })

  it('is the same when it is opened again, and is used many times at once', async () => {
    const layout = await freshLayout()
    const made = (await make(layout)).key
    const key = await reopened(layout)
    expect([key.publicJwk, key.agreementJwk]).toEqual([made.publicJwk, made.agreementJwk])
    const peer = await generateEphemeralKey()
    const signer = await deviceSigner(key)
    const claims = z.strictObject({ n: z.int() })
    const tokens = [1, 2, 3].map((n) => signToken({ n }, { typ: 'test', signer }))
    const [shared, ...signed] = await Promise.all([key.agree(peer.agreementJwk), ...tokens])
    expect(shared).toEqual(await peer.agree(made.agreementJwk))
    for (const [index, token] of signed.entries()) {
      const { claims: found } = await verifyToken(token, { typ: 'test', alg: 'ES256', keys: () => made.publicJwk, claims })
      expect(found).toEqual({ n: index + 1 })
    }
  })
})

describe('a device key in a TPM', () => {
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
    onTestFinished(() => void vi.unstubAllEnvs())
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
