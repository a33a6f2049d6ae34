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

  it('opens under the name by which it is told from other tokens', async () => {
    const token = await seal(packageKeyContent(manifest, key), 'casemate-package-key+jwe')
    expect(await openPackageKey(token, device, manifest)).toEqual({ key, secrets: {} })
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

  it.each([
    ['a name of thirty-two letters', { ['p'.repeat(32)]: '1' }, { ['p'.repeat(33)]: '1' }],
    ['a name of one letter', { p: '1' }, { '': '1' }],
    ['a hyphen inside a name', { 'p-1': '1' }, { 'p-': '1' }],
    ['a digit at the end of a name', { p1: '1' }, { '-p': '1' }],
    ['a secret of 1024 characters', { pin: 'x'.repeat(1024) }, { pin: 'x'.repeat(1025) }],
  ])('takes %s, and not its neighbour', async (_what, most, more) => {
    expect((await openPackageKey(await seal(packageKeyContent(manifest, key, most)), device, manifest)).secrets).toEqual(most)
    expect(() => packageKeyContent(manifest, key, more)).toThrow()
    const sealed = (secrets: object) =>
      seal(new TextEncoder().encode(JSON.stringify({ manifest, key: Buffer.from(key).toString('base64url'), secrets })))
    await expect(openPackageKey(await sealed(more), device, manifest)).rejects.toThrow(coded('package-key-invalid'))
    expect((await openPackageKey(await sealed(most), device, manifest)).secrets).toEqual(most)
  })

  it('takes 7168 characters of secrets in all, as they are written, and not one more', () => {
    const filling = (last: number) => ({
      ...Object.fromEntries(['a', 'b', 'c', 'd', 'e', 'f'].map((name) => [name, 'x'.repeat(1024)])),
      g: 'x'.repeat(last),
    })
    const rest = 7168 - JSON.stringify(filling(0)).length
    expect(() => packageKeyContent(manifest, key, filling(rest))).not.toThrow()
    expect(() => packageKeyContent(manifest, key, filling(rest + 1))).toThrow()
  })

  it('is refused with a field that it does not know', async () => {
    const sealed = (more: object) =>
      seal(new TextEncoder().encode(JSON.stringify({ manifest, key: Buffer.from(key).toString('base64url'), ...more })))
    await expect(openPackageKey(await sealed({ note: 'x' }), device, manifest)).rejects.toThrow(coded('package-key-invalid'))
    expect(await openPackageKey(await sealed({}), device, manifest)).toEqual({ key, secrets: {} })
  })

  it('is read to 8192 bytes and two levels, and no further', async () => {
    const head = `{"manifest":"${manifest}","key":"${Buffer.from(key).toString('base64url')}"`
    const padded = (bytes: number) => seal(new TextEncoder().encode(`${head}${' '.repeat(bytes - head.length - 1)}}`))
    expect((await openPackageKey(await padded(8192), device, manifest)).key).toEqual(key)
    await expect(openPackageKey(await padded(8193), device, manifest)).rejects.toThrow(coded('json-size'))
    const nested = (value: unknown) => seal(new TextEncoder().encode(`${head},"secrets":{"pin":${JSON.stringify(value)}}}`))
    await expect(openPackageKey(await nested({}), device, manifest)).rejects.toThrow(coded('json-depth'))
    await expect(openPackageKey(await nested(1), device, manifest)).rejects.toThrow(coded('package-key-invalid'))
    expect((await openPackageKey(await nested('1'), device, manifest)).secrets).toEqual({ pin: '1' })
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
