// SPDX-License-Identifier: Apache-2.0
import { describe, expect, it } from 'vitest'
import { random } from '../../test/keys.ts'
import { encryptToken } from './encrypted-token.ts'
import { openPackageKey, packageKeyContent, packageKeyTyp } from './package-key.ts'
import { generateDeviceKey, generateEphemeralKey } from './software-device-key.ts'

const manifest = 'ab'.repeat(32)
const { key: device } = await generateDeviceKey()
const key = random(32)
const seal = async (content: Uint8Array, typ = packageKeyTyp) =>
  encryptToken(content, { typ, recipient: device.agreementJwk, ephemeral: await generateEphemeralKey(), random })
const coded = (code: string) => expect.objectContaining({ code })

describe('a package key in a lease', () => {
  it('opens for its device and its package', async () => {
    expect(await openPackageKey(await seal(packageKeyContent(manifest, key)), device, manifest)).toEqual({ key, secrets: {} })
  })

  it('brings the secrets of its desktop, and is as it always was without any', async () => {
    const secrets = { 'domain-join': 'öffne dich', pin: '1' }
    expect(await openPackageKey(await seal(packageKeyContent(manifest, key, secrets)), device, manifest)).toEqual({ key, secrets })
    expect(new TextDecoder().decode(packageKeyContent(manifest, key, {}))).not.toContain('secrets')
  })

  it.each([
    ['a name that no file could ask for', { Pin: '1' }],
    ['an empty secret', { pin: '' }],
    ['more than a token takes', Object.fromEntries(Array.from({ length: 8 }, (_, index) => [`s${index}`, 'x'.repeat(1000)]))],
  ])('is not made with %s', (_what, secrets) => {
    expect(() => packageKeyContent(manifest, key, secrets)).toThrow()
  })

  it('stays below the limit of a token with the most that it takes', async () => {
    const secrets = Object.fromEntries(Array.from({ length: 7 }, (_, index) => [`s${index}`, 'x'.repeat(1000)]))
    expect((await openPackageKey(await seal(packageKeyContent(manifest, key, secrets)), device, manifest)).secrets).toEqual(secrets)
  })

  it('is refused for another package', async () => {
    const token = await seal(packageKeyContent(manifest, key))
    await expect(openPackageKey(token, device, 'cd'.repeat(32))).rejects.toThrow(coded('package-key-invalid'))
  })

  it('is refused for another device, and as a token of another use', async () => {
    const { key: other } = await generateDeviceKey()
    await expect(openPackageKey(await seal(packageKeyContent(manifest, key)), other, manifest)).rejects.toThrow(coded('token-key'))
    await expect(openPackageKey(await seal(packageKeyContent(manifest, key), 'other+jwe'), device, manifest)).rejects.toThrow(coded('token-typ'))
  })

  it('is refused when what was sealed is no key', async () => {
    const text = new TextEncoder().encode(JSON.stringify({ manifest, key: 'AAAA' }))
    await expect(openPackageKey(await seal(text), device, manifest)).rejects.toThrow(coded('package-key-invalid'))
    await expect(openPackageKey(await seal(new TextEncoder().encode('x')), device, manifest)).rejects.toThrow(coded('json-invalid'))
  })
})
