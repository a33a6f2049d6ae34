// SPDX-License-Identifier: Apache-2.0
//
// Attacks that show a device the past, or pieces of different presents. Each refusal has its honest neighbour.
import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { noFloors } from '../../daemon/update/floors.ts'
import { coded, Device, enrolled, newDevice, office } from './device.ts'
import { freshFolder, newKey, systemNow } from './hostile-repository.ts'

const office2 = 'packages/office/2.json'

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

  it.each([[['timestamp']], [['snapshot']], [['timestamp', 'snapshot']]])('is refused also where %j was lost on the device', async (lost) => {
    const { repository, device, old } = await onVersion2()
    for (const role of lost) await rm(join(device.place.metadata, `${role}.json`))
    const present = new Map(repository.files)
    for (const [path, bytes] of old) repository.files.set(path, bytes)
    await expect(device.refresh()).rejects.toThrow(coded('rollback'))
    for (const [path, bytes] of present) repository.files.set(path, bytes)
    expect((await device.refresh()).floors).toEqual({ root: 1, snapshot: 2, timestamp: 2 })
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

  it('is recovered from also where the refresh that brought the new root came no further', async () => {
    const { repository, server, device } = await enrolled()
    repository.snapshot.version = absurd
    repository.publish('snapshot')
    repository.advance()
    await device.refresh()
    repository.snapshot.version = 2
    repository.snapshot.keys = [newKey()]
    repository.advanceRoot()
    repository.publish('snapshot')
    repository.timestamp.version += 1
    repository.publish('timestamp')
    server.answers.set('/metadata/timestamp.json', (response) => response.writeHead(503).end())
    await expect(device.refresh()).rejects.toThrow(coded('server-refused'))
    server.answers.clear()
    expect((await device.refresh()).floors).toMatchObject({ root: 2, snapshot: 2 })
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

  it('that a new lease still remembers is forgiven where the keys were replaced after it, also in roots that come only now', async () => {
    const { repository, device } = await enrolled()
    repository.advanceRoot()
    repository.timestamp.keys = [newKey()]
    repository.advanceRoot()
    repository.advance()
    device.floors = { root: 3, snapshot: 50, timestamp: 50 }
    await expect(device.refresh()).rejects.toThrow(coded('rollback'))
    const late = new Device(await freshFolder(), device.server)
    await late.trust(repository.files.get('/metadata/1.root.json') ?? new Uint8Array())
    late.floors = { root: 2, snapshot: 50, timestamp: 50 }
    expect((await late.refresh()).floors).toEqual({ root: 3, snapshot: 2, timestamp: 2 })
    expect((await late.refresh()).floors).toEqual({ root: 3, snapshot: 2, timestamp: 2 })
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
