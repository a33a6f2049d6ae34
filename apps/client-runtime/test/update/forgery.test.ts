// SPDX-License-Identifier: Apache-2.0
//
// Attacks by keys, signatures, delegations and bytes. Each refusal has its honest neighbour.
import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { coded, enrolled, newDevice, office } from './device.ts'
import { digest, newKey, targetAddress } from './hostile-repository.ts'

const office2 = 'packages/office/2.json'

describe('arbitrary keys', () => {
  it.each([
    ['the new keys only', (before: readonly object[], after: readonly object[]) => [...after.slice(0, 2), ...before.slice(0, 1)]],
    ['the old keys only', (before: readonly object[], after: readonly object[]) => [...before.slice(0, 2), ...after.slice(0, 1)]],
  ])('of a root that is signed by enough of %s are refused', async (_what, choose) => {
    const { repository, device } = await enrolled()
    const before = repository.root.keys
    const after = [newKey(), newKey(), newKey()]
    repository.root.keys = after
    const chosen = choose(before, after)
    repository.root.signers = [...before, ...after].filter((key) => chosen.includes(key))
    repository.advanceRoot()
    await expect(device.refresh()).rejects.toThrow(coded('threshold-not-met'))
    expect(await readdir(join(device.place.copy, 'roots'))).toEqual(['1.json'])
    repository.root.signers = [...before.slice(0, 2), ...after.slice(1)]
    repository.publish('root')
    expect((await device.refresh()).floors.root).toBe(2)
  })

  it('of a root that says another version than its name are refused', async () => {
    const { repository, device } = await enrolled()
    repository.root.alter = (signed) => ({ ...signed, version: 3 })
    repository.advanceRoot()
    await expect(device.refresh()).rejects.toThrow(coded('version-mismatch'))
    repository.root.alter = (signed) => signed
    repository.publish('root')
    expect((await device.refresh()).floors.root).toBe(2)
  })

  it('under a stolen snapshot and timestamp add no bytes', async () => {
    const { repository, device } = await enrolled()
    repository.packages.signers = [newKey(), newKey()]
    repository.approve(office2, 'bytes of a thief')
    repository.advance('packages')
    await expect(device.refresh()).rejects.toThrow(coded('threshold-not-met'))
    expect(await device.read()).toBe('office 1')
    repository.packages.signers = undefined
    repository.advance('packages')
    await device.refresh()
    expect(await device.download(office2)).toMatchObject({ path: office2 })
  })

  it.each(['targets', 'snapshot', 'timestamp'] as const)('on `%s` are refused', async (name) => {
    const { repository, device } = await enrolled()
    repository[name].signers = [newKey()]
    repository.advance('targets')
    await expect(device.refresh()).rejects.toThrow(coded('threshold-not-met'))
    repository[name].signers = undefined
    repository.advance('targets')
    expect((await device.refresh()).floors.snapshot).toBe(3)
  })
})

describe('thresholds', () => {
  it.each([0, 1])('are not met by %i of 2 signatures', async (count) => {
    const { repository, device } = await enrolled()
    repository.packages.signers = repository.packages.keys.slice(0, count)
    repository.advance('packages')
    await expect(device.refresh()).rejects.toThrow(coded('threshold-not-met'))
    repository.packages.signers = repository.packages.keys.slice(0, 2)
    repository.advance('packages')
    expect((await device.refresh()).floors.snapshot).toBe(3)
  })

  it('are not met by a signature that another key made, nor by one of no known key', async () => {
    const { repository, device } = await enrolled()
    const [first, second] = repository.packages.keys
    if (first === undefined || second === undefined) throw new Error('two keys are needed')
    repository.packages.signers = [first, { ...first, id: second.id }, newKey()]
    repository.advance('packages')
    await expect(device.refresh()).rejects.toThrow(coded('threshold-not-met'))
    repository.packages.signers = [first, second, newKey()]
    repository.advance('packages')
    expect((await device.refresh()).floors.snapshot).toBe(3)
  })

  it.each([0, -1, 1.5, '1', null])('of %j are refused', async (threshold) => {
    const { repository, device } = await enrolled()
    repository.root.alter = (signed) => ({
      ...signed,
      roles: { ...Object(signed.roles), timestamp: { ...Object(signed.roles).timestamp, threshold } },
    })
    repository.advanceRoot()
    await expect(device.refresh()).rejects.toThrow(coded('metadata-invalid'))
    repository.root.alter = (signed) => signed
    repository.publish('root')
    expect((await device.refresh()).floors.root).toBe(2)
  })

  it('that the keys of a role cannot reach stop the update until a later root mends it', async () => {
    const { repository, device } = await enrolled()
    repository.snapshot.threshold = 2
    repository.advanceRoot()
    await expect(device.refresh()).rejects.toThrow(coded('threshold-unsound'))
    expect(await device.read()).toBe('office 1')
    repository.snapshot.threshold = 1
    repository.advanceRoot()
    expect((await device.refresh()).floors.root).toBe(3)
  })

  it('that a delegation cannot reach are refused', async () => {
    const { repository, device } = await enrolled()
    repository.packages.threshold = 4
    repository.advance('targets')
    await expect(device.refresh()).rejects.toThrow(coded('threshold-unsound'))
    repository.packages.threshold = 3
    repository.advance('targets')
    expect((await device.refresh()).floors.snapshot).toBe(3)
  })
})

describe('a signature given twice', () => {
  it.each(['root', 'targets', 'packages', 'snapshot', 'timestamp'] as const)('on `%s` is refused', async (name) => {
    const { repository, device } = await enrolled()
    const twice = (document: { signatures?: unknown }) => ({ ...document, signatures: [document.signatures, document.signatures].flat() })
    repository[name].forge = (document) => Object(twice(document))
    if (name === 'root') repository.advanceRoot()
    repository.advance('targets', 'packages')
    await expect(device.refresh()).rejects.toThrow(coded('duplicate-signature'))
    repository[name].forge = (document) => document
    if (name === 'root') repository.publish('root')
    repository.advance('targets', 'packages')
    expect((await device.refresh()).floors.snapshot).toBe(3)
  })
})

describe('one public key under two ids', () => {
  const spellings = {
    'as it is': (hex: string) => hex,
    'in capital letters': (hex: string) => hex.toUpperCase(),
    'as PEM': (_hex: string, pem: string) => pem,
  }

  it.each(Object.entries(spellings))('is refused in root, written %s', async (_how, spell) => {
    const { repository, device } = await enrolled()
    const honest = [newKey(), newKey()]
    const [key] = repository.snapshot.keys
    if (key === undefined) throw new Error('a key is needed')
    const pem = key.publicKey.export({ type: 'spki', format: 'pem' }).toString()
    const hex = String(Object(key.json.keyval).public)
    const twin = { ...key, id: digest(Buffer.from('another id')), json: { ...key.json, keyval: { public: spell(hex, pem) } } }
    repository.snapshot.keys = [key, twin]
    repository.snapshot.threshold = 2
    repository.advanceRoot()
    repository.advance()
    await expect(device.refresh()).rejects.toThrow(coded('key-under-two-ids'))
    repository.snapshot.keys = honest
    repository.publish('root')
    repository.advance()
    expect((await device.refresh()).floors.root).toBe(2)
  })

  it('is refused in a delegation', async () => {
    const { repository, device } = await enrolled()
    const [first, second] = repository.packages.keys
    if (first === undefined || second === undefined) throw new Error('two keys are needed')
    repository.packages.keys = [first, { ...first, id: digest(Buffer.from('another id')) }]
    repository.advance('targets', 'packages')
    await expect(device.refresh()).rejects.toThrow(coded('key-under-two-ids'))
    repository.packages.keys = [first, second]
    repository.advance('targets', 'packages')
    expect((await device.refresh()).floors.snapshot).toBe(3)
  })
})

describe('delegations', () => {
  it('that lose a key refuse what that key had signed, though it is in the cache', async () => {
    const { repository, device } = await enrolled()
    repository.packages.signers = repository.packages.keys.slice(0, 2)
    repository.advance('packages')
    await device.refresh()
    repository.packages.keys = [newKey(), ...repository.packages.keys.slice(1)]
    repository.advance('targets')
    await expect(device.refresh()).rejects.toThrow(coded('threshold-not-met'))
    repository.packages.signers = repository.packages.keys.slice(0, 2)
    repository.advance('packages')
    expect((await device.refresh()).dropped).toEqual([])
  })

  it('give no say over other paths', async () => {
    const { repository, device } = await enrolled()
    repository.approve('releases/office/1.json', 'a release by approvers of packages')
    repository.advance('packages')
    await device.refresh()
    await expect(device.download('releases/office/1.json')).rejects.toThrow(coded('target-unknown'))
    await expect(device.download('packages/a/b/1.json')).rejects.toThrow(coded('target-unknown'))
    repository.paths.push('releases/*/*.json')
    repository.advance('targets')
    await device.refresh()
    expect(await device.download('releases/office/1.json')).toMatchObject({ length: 34 })
  })

  it('to a role that nobody has published are named', async () => {
    const { repository, device } = await newDevice()
    repository.snapshot.alter = (signed) => ({ ...signed, meta: { 'targets.json': Object(signed.meta)['targets.json'] } })
    repository.advance()
    await device.refresh()
    await expect(device.download()).rejects.toThrow(coded('role-missing'))
    repository.snapshot.alter = (signed) => signed
    repository.advance()
    await device.refresh()
    expect(await device.download()).toMatchObject({ path: office })
  })
})

describe('a target', () => {
  it.each([
    ['of other bytes', 'office X', 'target-altered'],
    ['that ends early', 'office', 'target-altered'],
    ['that goes on', 'office 2 and more', 'too-large'],
  ])('%s is refused, and nothing of it is kept', async (_what, served, code) => {
    const { repository, server, device } = await enrolled()
    repository.approve(office2, 'office 2')
    repository.advance('packages')
    await device.refresh()
    const address = targetAddress(office2, Buffer.from('office 2'))
    server.answers.set(address, (response) => response.end(served))
    await expect(device.download(office2)).rejects.toThrow(coded(code))
    await expect(device.read(office2)).rejects.toThrow(coded('copy-missing'))
    expect(await device.read()).toBe('office 1')
    server.answers.clear()
    await device.download(office2)
    expect(await device.read(office2)).toBe('office 2')
  })

  it('without a digest that counts is refused', async () => {
    const { repository, device } = await enrolled()
    repository.approve(office2, 'office 2')
    for (const hashes of [{}, { md5: '0'.repeat(32) }, { sha256: 'short' }]) {
      repository.packages.alter = (signed) => ({
        ...signed,
        targets: { ...Object(signed.targets), [office2]: { length: 8, hashes: Object(hashes) } },
      })
      repository.advance('packages')
      await expect(device.refresh()).rejects.toThrow(coded('metadata-invalid'))
    }
    repository.packages.alter = (signed) => signed
    repository.advance('packages')
    await device.refresh()
    expect(await device.download(office2)).toMatchObject({ length: 8 })
  })

  it.each(['../secret.json', 'packages/../../secret', '/etc/passwd', 'packages//1.json', 'packages/a?b', 'packages/%2e%2e/x', 'a\\b', ''])(
    'with the path `%s` is not asked for',
    async (path) => {
      const { server, device } = await enrolled()
      server.asked.length = 0
      await expect(device.download(path)).rejects.toThrow(coded('path-invalid'))
      expect(server.asked).toEqual([])
      expect(await device.download()).toMatchObject({ path: office })
    },
  )
})
