// SPDX-License-Identifier: Apache-2.0
//
// The attacks of TUF's specification (1.5.2) and those on implementations. Each refusal has its honest neighbour.
import { describe, expect, it } from 'vitest'
import { noFloors } from '../../daemon/update/floors.ts'
import { coded, Device, enrolled, office } from './device.ts'
import { digest, freshFolder, HostileRepository, newKey, serve, systemNow, targetAddress } from './hostile-repository.ts'

const office2 = 'packages/office/2.json'

async function newDevice() {
  const repository = new HostileRepository()
  const server = await serve(repository)
  const device = new Device(await freshFolder(), server)
  await device.trust(repository.rootBytes)
  return { repository, server, device }
}

/** A device that has seen version 2 of all but root, and the files of version 1. */
async function onVersion2() {
  const all = await enrolled()
  const old = new Map(all.repository.files)
  all.repository.approve(office2, 'office 2')
  all.repository.advance('targets', 'packages')
  await all.device.refresh()
  await all.device.download(office2)
  return { ...all, old }
}

describe('rollback', () => {
  it('to an older timestamp is refused, the present one and a newer one are taken', async () => {
    const { repository, device, old } = await onVersion2()
    const present = repository.serving('timestamp')
    repository.files.set('/metadata/timestamp.json', old.get('/metadata/timestamp.json') ?? present)
    await expect(device.refresh()).rejects.toThrow(coded('rollback'))
    expect(await device.read(office2)).toBe('office 2')
    repository.files.set('/metadata/timestamp.json', present)
    expect((await device.refresh()).floors.timestamp).toBe(2)
    repository.advance()
    expect((await device.refresh()).floors.timestamp).toBe(3)
  })

  it('to an older snapshot under a newer timestamp is refused', async () => {
    const { repository, device } = await onVersion2()
    repository.snapshot.version = 1
    repository.publish('snapshot')
    repository.timestamp.version = 3
    repository.publish('timestamp')
    await expect(device.refresh()).rejects.toThrow(coded('rollback'))
    repository.snapshot.version = 2
    repository.advance()
    expect((await device.refresh()).floors).toMatchObject({ snapshot: 3, timestamp: 4 })
  })

  it.each(['targets', 'packages'] as const)('to older `%s` under a newer snapshot is refused', async (name) => {
    const { repository, device } = await onVersion2()
    repository[name].version = 1
    repository.publish(name)
    repository.advance()
    await expect(device.refresh()).rejects.toThrow(coded('rollback'))
    repository[name].version = 3
    repository.publish(name)
    repository.advance()
    await device.refresh()
    expect(await device.download(office2)).toMatchObject({ path: office2 })
  })

  it('by leaving a role out of the snapshot is refused', async () => {
    const { repository, device } = await onVersion2()
    repository.snapshot.alter = (signed) => {
      const { 'packages.json': _left, ...meta } = Object.fromEntries(Object.entries(signed.meta ?? {}))
      return { ...signed, meta }
    }
    repository.advance()
    await expect(device.refresh()).rejects.toThrow(coded('rollback'))
    repository.snapshot.alter = (signed) => signed
    repository.advance()
    expect((await device.refresh()).dropped).toEqual([])
  })

  it.each(['timestamp', 'snapshot', 'root'] as const)(
    'below the lease`s lowest `%s` is refused on a device that has seen nothing yet',
    async (line) => {
      const { repository, server, device } = await newDevice()
      repository.advanceRoot()
      repository.advance()
      device.floors = { root: 2, snapshot: 2, timestamp: 2, [line]: 3 }
      await expect(device.refresh()).rejects.toThrow(coded('rollback'))
      // Nothing that depends on it was even asked for.
      expect(server.asked.at(-1)).toBe(line === 'root' ? '/metadata/3.root.json' : '/metadata/timestamp.json')
      device.floors = { root: 2, snapshot: 2, timestamp: 2 }
      expect((await device.refresh()).floors).toEqual({ root: 2, snapshot: 2, timestamp: 2 })
    },
  )

  it.each(['timestamp', 'snapshot', 'root'] as const)('below a newer lease`s lowest `%s` stops downloads too', async (line) => {
    const { device } = await enrolled()
    device.floors = { ...noFloors, [line]: 2 }
    await expect(device.download()).rejects.toThrow(coded('rollback'))
    device.floors = { ...noFloors, [line]: 1 }
    expect(await device.download()).toMatchObject({ path: office })
  })

  it('into metadata that no longer fits together is no way to a download', async () => {
    const { repository, server, device } = await enrolled()
    repository.advance()
    server.answers.set('/metadata/2.snapshot.json', (response) => response.writeHead(500).end())
    await expect(device.refresh()).rejects.toThrow(coded('server-refused'))
    server.answers.clear()
    server.asked.length = 0
    await expect(device.download()).rejects.toThrow(coded('not-refreshed'))
    expect(server.asked).toEqual([])
    await device.refresh()
    expect(await device.download()).toMatchObject({ path: office })
  })

  it('is refused also where an earlier refresh came no further than the timestamp', async () => {
    const { repository, server, device } = await enrolled()
    const old = repository.serving('timestamp')
    repository.advance()
    server.answers.set('/metadata/2.snapshot.json', (response) => response.writeHead(500).end())
    await expect(device.refresh()).rejects.toThrow(coded('server-refused'))
    repository.files.set('/metadata/timestamp.json', old)
    await expect(device.refresh()).rejects.toThrow(coded('rollback'))
    server.answers.clear()
    repository.files.set('/metadata/timestamp.json', repository.serving('timestamp'))
    expect((await device.refresh()).floors.snapshot).toBe(2)
  })
})

describe('freeze', () => {
  it.each(['timestamp', 'snapshot', 'targets', 'packages'] as const)('on `%s` ends when it expires; the copy still serves', async (name) => {
    const { repository, server, device } = await enrolled()
    const later = repository[name].expires
    repository[name].expires = Math.floor(systemNow()) - 1
    repository.advance('targets', 'packages')
    await expect(device.refresh()).rejects.toThrow(coded('metadata-expired'))
    expect(server.asked.at(-1)).toContain(`${name}.json`)
    expect(await device.read()).toBe('office 1')
    repository[name].expires = later
    repository.advance('targets', 'packages')
    expect((await device.refresh()).floors.timestamp).toBe(3)
  })

  it('on root ends when it expires, and a newer root goes on', async () => {
    const { repository, server, device } = await enrolled()
    const later = repository.root.expires
    repository.root.expires = Math.floor(systemNow()) - 1
    repository.advanceRoot()
    await expect(device.refresh()).rejects.toThrow(coded('metadata-expired'))
    expect(server.asked.at(-1)).toBe('/metadata/3.root.json')
    await expect(device.download()).rejects.toThrow(coded('metadata-expired'))
    expect(await device.read()).toBe('office 1')
    repository.root.expires = later
    repository.advanceRoot()
    expect((await device.refresh()).floors.root).toBe(3)
  })

  it.each(['timestamp', 'snapshot', 'targets', 'packages', 'root'] as const)('is judged by verified time, also for a local `%s`', async (name) => {
    const { repository, device } = await newDevice()
    repository[name].expires = Math.floor(systemNow()) + 100
    if (name === 'root') repository.advanceRoot()
    repository.advance('targets', 'packages')
    await device.refresh()
    await device.download()
    device.ahead = 200
    await expect(device.refresh()).rejects.toThrow(coded('metadata-expired'))
    await expect(device.download()).rejects.toThrow(coded('metadata-expired'))
    expect(await device.read()).toBe('office 1')
    device.ahead = 20
    expect((await device.refresh()).dropped).toEqual([])
  })

  it('by hiding newer roots shows against the lease`s lowest root', async () => {
    const { repository, device } = await enrolled()
    repository.advanceRoot()
    const hidden = repository.serving('root')
    repository.files.delete('/metadata/2.root.json')
    expect((await device.refresh()).floors.root).toBe(1)
    device.floors = { ...noFloors, root: 2 }
    await expect(device.refresh()).rejects.toThrow(coded('rollback'))
    repository.files.set('/metadata/2.root.json', hidden)
    expect((await device.refresh()).floors.root).toBe(2)
  })
})

describe('mix and match', () => {
  it.each(['targets', 'packages'] as const)('of old `%s` under the name of the new is refused', async (name) => {
    const { repository, device } = await enrolled()
    const old = repository.serving(name)
    repository.advance('targets', 'packages')
    const honest = repository.serving(name)
    repository.files.set(`/metadata/2.${name}.json`, old)
    await expect(device.refresh()).rejects.toThrow(coded('metadata-altered'))
    expect(await device.read()).toBe('office 1')
    repository.files.set(`/metadata/2.${name}.json`, honest)
    expect((await device.refresh()).floors.snapshot).toBe(2)
  })

  it('of a snapshot that was signed but is not the one the timestamp names is refused', async () => {
    const { repository, device } = await enrolled()
    repository.advance()
    const honest = repository.serving('snapshot')
    repository.snapshot.expires += 1
    repository.publish('snapshot')
    await expect(device.refresh()).rejects.toThrow(coded('metadata-altered'))
    repository.files.set('/metadata/2.snapshot.json', honest)
    expect((await device.refresh()).floors.snapshot).toBe(2)
  })

  it.each(['timestamp', 'snapshot'] as const)('by versions alone is refused where `%s` carries no hashes', async (name) => {
    const { repository, device } = await enrolled()
    const versionsOnly = (meta: object) => Object.fromEntries(Object.entries(meta).map(([file, { version }]) => [file, { version }]))
    repository[name].alter = (signed) => ({ ...signed, meta: versionsOnly(signed.meta instanceof Object ? signed.meta : {}) })
    const [below, file] =
      name === 'timestamp' ? (['snapshot', '/metadata/2.snapshot.json'] as const) : (['packages', '/metadata/2.packages.json'] as const)
    const old = repository.serving(below)
    repository.advance('packages')
    const honest = repository.serving(below)
    repository.files.set(file, old)
    await expect(device.refresh()).rejects.toThrow(coded('version-mismatch'))
    repository.files.set(file, honest)
    expect((await device.refresh()).floors.snapshot).toBe(2)
  })
})

describe('fast-forward', () => {
  const absurd = 2_000_000_000

  it.each([
    ['timestamp', ['timestamp']],
    ['snapshot', ['snapshot', 'timestamp']],
    ['snapshot', ['snapshot']],
  ] as const)('of `%s` is recovered from by new keys of %j, and only so', async (line, rotated) => {
    const { repository, device } = await enrolled()
    const honest = { ...device.floors }
    repository[line].version = absurd
    repository.publish(line)
    if (line === 'snapshot') repository.advance()
    device.floors = (await device.refresh()).floors
    repository.snapshot.version = 2
    repository.timestamp.version = line === 'timestamp' ? 2 : 3
    repository.publish('snapshot')
    repository.publish('timestamp')
    await expect(device.refresh()).rejects.toThrow(coded('rollback'))

    for (const name of rotated) repository[name].keys = [newKey()]
    repository.advanceRoot()
    repository.publish('snapshot')
    repository.publish('timestamp')
    const { floors } = await device.refresh()
    expect(floors).toEqual({ root: 2, snapshot: 2, timestamp: line === 'timestamp' ? 2 : 3 })
    expect(honest).toEqual(noFloors)
    expect(await device.read()).toBe('office 1')
  })

  it('of a delegated role is recovered from by new snapshot keys, and only so', async () => {
    const { repository, device } = await enrolled()
    repository.packages.version = absurd
    repository.publish('packages')
    repository.advance()
    device.floors = (await device.refresh()).floors
    repository.packages.version = 2
    repository.publish('packages')
    repository.advance()
    await expect(device.refresh()).rejects.toThrow(coded('rollback'))
    repository.snapshot.keys = [newKey()]
    repository.advanceRoot()
    repository.advance()
    expect((await device.refresh()).floors.root).toBe(2)
    expect(await device.download()).toMatchObject({ path: office })
  })

  it('does not void the floors of keys that stay: another key added is no recovery', async () => {
    const { repository, device } = await enrolled()
    repository.advance()
    repository.advance()
    device.floors = (await device.refresh()).floors
    repository.timestamp.keys = [...repository.timestamp.keys, newKey()]
    repository.advanceRoot()
    repository.timestamp.version = 2
    repository.publish('timestamp')
    await expect(device.refresh()).rejects.toThrow(coded('rollback'))
    repository.timestamp.version = 4
    repository.publish('timestamp')
    expect((await device.refresh()).floors).toEqual({ root: 2, snapshot: 3, timestamp: 4 })
  })

  it('leaves no floor of the old keys to a device that was off meanwhile and has a new lease', async () => {
    const { repository, device } = await enrolled()
    repository.timestamp.keys = [newKey()]
    repository.advanceRoot()
    repository.advance()
    device.floors = { root: 2, snapshot: 2, timestamp: 3 }
    await expect(device.refresh()).rejects.toThrow(coded('rollback'))
    device.floors = { root: 2, snapshot: 2, timestamp: 2 }
    expect((await device.refresh()).floors.timestamp).toBe(2)
  })
})

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
