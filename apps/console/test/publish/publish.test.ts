// SPDX-License-Identifier: Apache-2.0
import { readFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { createRepository } from '../../src/publish/create.ts'
import { folderStore } from '../../src/publish/folder-store.ts'
import { defaultLifetimes } from '../../src/publish/lifetimes.ts'
import { publish } from '../../src/publish/publish.ts'
import { renew } from '../../src/publish/renew.ts'
import { readRepository } from '../../src/publish/repository.ts'
import { type Rotation, stageRotation } from '../../src/publish/rotate.ts'
import { signedBytes } from '../../src/publish/signed-bytes.ts'
import { stageRoot } from '../../src/publish/stage-root.ts'
import { stageTargets } from '../../src/publish/stage-targets.ts'
import { statusOf } from '../../src/publish/status.ts'
import type { RepositoryStore } from '../../src/publish/store.ts'
import { withdraw } from '../../src/publish/withdraw.ts'
import { coded, filesIn, freshFolder, now, Organisation, organisation, person, text } from './organisation.ts'

const office = { path: 'packages/office/1.json', bytes: text('office 1') }
const versions = async (store: RepositoryStore) => {
  const { root, timestamp, snapshot, roles } = await readRepository(store)
  const role = (name: 'targets' | 'packages') => roles.get(name)?.document.signed.version
  const top = [root, timestamp, snapshot].map(({ document }) => document.signed.version)
  return { root: top[0], timestamp: top[1], snapshot: top[2], targets: role('targets'), packages: role('packages') }
}

/** Lets `allowed` changes of files through, then fails; a crash also fails at taking back what was written. */
function breakingStore(store: RepositoryStore, allowed: number, crash: boolean): RepositoryStore {
  let left = allowed
  const spend = (): void => {
    left -= 1
    if (left < 0) throw new Error('the disk is gone')
  }
  return {
    ...store,
    write: async (name, bytes) => {
      spend()
      await store.write(name, bytes)
    },
    remove: async (name) => {
      if (crash) spend()
      await store.remove(name)
    },
  }
}

describe('publishing', () => {
  it('serves targets under their SHA-256 and names them from timestamp to target by hash', async () => {
    const { org, store, folder } = await organisation()
    await org.release(store, office.path, office.bytes)
    const { roles } = await readRepository(store)
    const sha256 = roles.get('packages')?.document.signed.targets[office.path]?.hashes.sha256
    expect(await filesIn(folder)).toEqual([
      'holders.json',
      'metadata/1.packages.json',
      'metadata/1.root.json',
      'metadata/1.snapshot.json',
      'metadata/1.targets.json',
      'metadata/2.snapshot.json',
      'metadata/timestamp.json',
      `targets/packages/office/${sha256}.1.json`,
    ])
    expect(await versions(store)).toEqual({ root: 1, timestamp: 2, snapshot: 2, targets: 1, packages: 1 })
  })

  it('changes nothing when nothing is approved', async () => {
    const { org, store } = await organisation()
    await stageTargets(store, { role: 'packages', author: 'ada', now, add: [office] })
    const before = await versions(store)
    expect(await org.publish(store)).toEqual({ published: [], waiting: ['packages'] })
    expect(await versions(store)).toEqual(before)
  })

  it('refuses to go on without the online keys, and goes on with them', async () => {
    const { org, store } = await organisation()
    await stageTargets(store, { role: 'packages', author: 'ada', now, add: [office] })
    await org.approve(store, 'packages', org.approverAda, org.approverBert)
    await expect(publish(store, { online: [org.snapshot], now })).rejects.toThrow(coded('online-key-missing'))
    await expect(publish(store, { online: [org.timestamp, person('console')], now })).rejects.toThrow(coded('online-key-missing'))
    const broken = { ...org.timestamp, sign: person('console').sign }
    await expect(publish(store, { online: [org.snapshot, broken], now })).rejects.toThrow(coded('signature-invalid'))
    expect(await versions(store)).toMatchObject({ timestamp: 1, packages: undefined })
    expect((await org.publish(store)).published).toEqual([{ role: 'packages', version: 1 }])
  })

  it('refuses to put out other bytes than those approved', async () => {
    const { org, store, folder } = await organisation()
    const { document } = await stageTargets(store, { role: 'packages', author: 'ada', now, add: [office] })
    await org.approve(store, 'packages', org.approverAda, org.approverBert)
    const kept = join(folder, 'pending/packages', document.signed.targets[office.path]?.hashes.sha256 ?? '')
    await writeFile(kept, text('another'))
    await expect(org.publish(store)).rejects.toThrow(coded('pending-altered'))
    await rm(kept)
    await expect(org.publish(store)).rejects.toThrow(coded('pending-altered'))
    await writeFile(kept, office.bytes)
    expect((await org.publish(store)).published).toHaveLength(1)
  })

  it.each([
    ['an unknown field', 'metadata/timestamp.json', '"spec_version"', '"note":1,"spec_version"', 'metadata-invalid'],
    ['a lower key threshold of zero', 'metadata/1.root.json', '"threshold":2', '"threshold":0', 'metadata-invalid'],
    ['a snapshot that is not the one named', 'metadata/1.snapshot.json', '"version":1', '"version":2', 'repository-invalid'],
    ['targets that are not the ones named', 'metadata/1.targets.json', '"version":1', '"version":2', 'repository-invalid'],
  ])('builds on nothing that holds %s', async (_what, file, from, to, code) => {
    const { org, store, folder } = await organisation()
    const path = join(folder, file)
    const honest = await readFile(path, 'utf8')
    expect(honest).toContain(from)
    await writeFile(path, honest.replace(from, to))
    await expect(stageTargets(store, { role: 'packages', author: 'ada', now, add: [office] })).rejects.toThrow(coded(code))
    await expect(org.publish(store)).rejects.toThrow(coded(code))
    await writeFile(path, honest)
    expect((await org.release(store, office.path, office.bytes)).published).toHaveLength(1)
  })
})

describe('a store that somebody wrote into', () => {
  const waiting = async () => {
    const { org, store, folder } = await organisation()
    await stageTargets(store, { role: 'packages', author: 'ada', now, add: [office] })
    await org.approve(store, 'packages', org.approverAda)
    const path = join(folder, 'pending/packages.json')
    const pending = JSON.parse(await readFile(path, 'utf8'))
    return { org, store, folder, path, pending, rewrite: (value: unknown) => writeFile(path, JSON.stringify(value)) }
  }

  it('makes one person`s two keys no two approvals', async () => {
    const { org, store, folder, pending, rewrite } = await waiting()
    const bytes = signedBytes(pending.signed)
    const sig = Buffer.from(await org.approverBert.sign(bytes)).toString('hex')
    const holders = JSON.parse(await readFile(join(folder, 'holders.json'), 'utf8'))
    await rewrite({ ...pending, signatures: [...pending.signatures, { keyid: org.approverBert.keyId, sig }] })
    await writeFile(join(folder, 'holders.json'), JSON.stringify({ ...holders, [org.approverBert.keyId]: 'ada' }))
    expect((await org.publish(store)).waiting).toEqual(['packages'])
    await writeFile(join(folder, 'holders.json'), JSON.stringify(holders))
    expect((await org.publish(store)).published).toHaveLength(1)
  })

  it('puts out no version but the next', async () => {
    const { org, store, pending, rewrite } = await waiting()
    await rewrite({ ...pending, signed: { ...pending.signed, version: 2 } })
    await expect(org.publish(store)).rejects.toThrow(coded('pending-altered'))
    await rewrite(pending)
    await org.approve(store, 'packages', org.approverBert)
    expect((await org.publish(store)).published).toEqual([{ role: 'packages', version: 1 }])
  })

  it('is not built on without every root', async () => {
    const { org, store, folder } = await organisation()
    await stageRoot(store, { author: 'ada', now, keys: org.rootKeys() })
    await org.approve(store, 'root', org.ada, org.bert)
    await org.publish(store)
    const first = await readFile(join(folder, 'metadata/1.root.json'))
    await rm(join(folder, 'metadata/1.root.json'))
    await expect(org.publish(store)).rejects.toThrow(coded('repository-invalid'))
    await writeFile(join(folder, 'metadata/1.root.json'), first)
    expect((await org.release(store, office.path, office.bytes)).published).toHaveLength(1)
  })

  it('is freed of targets that no waiting version names', async () => {
    const { org, store, folder } = await organisation()
    await store.write('pending/packages/stray', text('left by a crash'))
    await stageTargets(store, { role: 'packages', author: 'ada', now, add: [office] })
    expect((await filesIn(join(folder, 'pending'))).filter((name) => name.includes('stray'))).toEqual([])
    await org.approve(store, 'packages', org.approverAda, org.approverBert)
    expect((await org.publish(store)).published).toHaveLength(1)
  })
})

describe('a publication that fails', () => {
  const prepare = async () => {
    const { org, store, folder } = await organisation()
    await stageTargets(store, { role: 'packages', author: 'ada', now, add: [office] })
    await org.approve(store, 'packages', org.approverAda, org.approverBert)
    return { org, store, folder }
  }

  it.each([0, 1, 2])('at write %i leaves every file as it was', async (allowed) => {
    const { org, store, folder } = await prepare()
    const before = await filesIn(folder)
    const timestamp = await readFile(join(folder, 'metadata/timestamp.json'))
    await expect(org.publish(breakingStore(store, allowed, false))).rejects.toThrow('the disk is gone')
    expect(await filesIn(folder)).toEqual(before)
    expect(await readFile(join(folder, 'metadata/timestamp.json'))).toEqual(timestamp)
    expect((await org.publish(store)).published).toHaveLength(1)
    expect(await versions(store)).toMatchObject({ timestamp: 2, snapshot: 2, packages: 1 })
  })

  it('takes back no file that an earlier version had put out', async () => {
    const { org, store, folder } = await organisation()
    await org.release(store, office.path, office.bytes)
    await stageTargets(store, { role: 'packages', author: 'ada', now, remove: [office.path] })
    await org.approve(store, 'packages', org.approverAda, org.approverBert)
    await org.publish(store)
    await stageTargets(store, { role: 'packages', author: 'ada', now, add: [office] })
    await org.approve(store, 'packages', org.approverAda, org.approverBert)
    const before = await filesIn(folder)
    await expect(org.publish(breakingStore(store, 1, false))).rejects.toThrow('the disk is gone')
    expect(await filesIn(folder)).toEqual(before)
    expect((await org.publish(store)).published).toEqual([{ role: 'packages', version: 3 }])
  })

  it.each([0, 1, 2, 3, 4, 5])(
    'by a crash after %i changes leaves a repository that reads as before or after, and the next try ends it',
    async (allowed) => {
      const { org, store } = await prepare()
      await expect(org.publish(breakingStore(store, allowed, true))).rejects.toThrow('the disk is gone')
      const { timestamp, packages } = await versions(store)
      expect([timestamp, packages]).toEqual(allowed < 4 ? [1, undefined] : [2, 1])
      await org.publish(store)
      expect(await versions(store)).toMatchObject({ timestamp: 2, snapshot: 2, packages: 1 })
      expect((await org.release(store, 'packages/office/2.json', text('office 2'))).published).toEqual([{ role: 'packages', version: 2 }])
    },
  )

  it.each([0, 1, 2, 3, 4])('when the repository is made, by a crash after %i changes, ends with the next try', async (allowed) => {
    const [store, org] = [folderStore(await freshFolder()), new Organisation()]
    await org.create(store, [])
    await org.approve(store, 'root', org.ada, org.cleo)
    await org.approve(store, 'targets', org.ada, org.bert)
    await expect(org.publish(breakingStore(store, allowed, true))).rejects.toThrow('the disk is gone')
    await org.publish(store)
    expect(await versions(store)).toMatchObject({ root: 1, targets: 1 })
  })
})

describe('taking an approver`s key away', () => {
  it('goes out only together with what that key had signed, signed anew', async () => {
    const { org, store } = await organisation()
    await org.release(store, office.path, office.bytes)
    const dora = person('dora')
    const packages = { keys: [org.approverAda, dora], threshold: 2 }
    await stageTargets(store, { role: 'targets', author: 'ada', now, delegations: { ...org.delegations(), packages } })
    await org.approve(store, 'targets', org.ada, org.bert)
    expect(await org.publish(store)).toEqual({ published: [], waiting: ['targets'] })
    await stageTargets(store, { role: 'packages', author: 'dora', now })
    await org.approve(store, 'packages', org.approverAda)
    expect((await org.publish(store)).published).toEqual([])
    await org.approve(store, 'packages', dora)
    expect((await org.publish(store)).published).toEqual([
      { role: 'targets', version: 2 },
      { role: 'packages', version: 2 },
    ])
    await stageTargets(store, { role: 'packages', author: 'bert', now })
    await expect(org.approve(store, 'packages', org.approverBert)).rejects.toThrow(coded('key-not-in-role'))
    await org.approve(store, 'packages', dora)
  })

  it('does not hold back other roles', async () => {
    const { org, store } = await organisation()
    await org.release(store, office.path, office.bytes)
    const packages = { keys: [person('dora'), person('eve')], threshold: 2 }
    await stageTargets(store, { role: 'targets', author: 'ada', now, delegations: { ...org.delegations(), packages } })
    await org.approve(store, 'targets', org.ada, org.bert)
    await stageTargets(store, { role: 'releases', author: 'bert', now, add: [{ path: 'releases/office/1.json', bytes: text(1) }] })
    await org.approve(store, 'releases', org.approverBert)
    expect(await org.publish(store)).toEqual({ published: [{ role: 'releases', version: 1 }], waiting: ['targets'] })
  })
})

describe('a new root', () => {
  const replaced = (org: Organisation, more: Partial<ReturnType<Organisation['rootKeys']>>) => ({ ...org.rootKeys(), ...more })

  it('needs the threshold of the old keys and of the new ones; who replaces an own key signs with both', async () => {
    const { org, store } = await organisation()
    const newAda = person('ada')
    const root = { keys: [newAda, org.bert, org.cleo], threshold: 2 }
    await stageRoot(store, { author: 'ada', now, keys: replaced(org, { root }) })
    await org.approve(store, 'root', newAda, org.bert)
    expect((await org.publish(store)).published).toEqual([])
    await org.approve(store, 'root', org.ada)
    expect((await org.publish(store)).published).toEqual([{ role: 'root', version: 2 }])
  })

  it('lets a person sign with the key that both roots know, after the one that only the new root knows', async () => {
    const { org, store } = await organisation()
    const second = person('ada')
    const root = { keys: [org.ada, second, org.bert, org.cleo], threshold: 2 }
    await stageRoot(store, { author: 'ada', now, keys: replaced(org, { root }) })
    await org.approve(store, 'root', second, org.ada)
    expect((await org.publish(store)).waiting).toEqual(['root'])
    await org.approve(store, 'root', org.bert)
    expect((await org.publish(store)).published).toEqual([{ role: 'root', version: 2 }])
  })

  it('that replaces an online key goes out with metadata that both roots accept, root last', async () => {
    const { org, store } = await organisation()
    const fresh = person('console')
    await stageRoot(store, { author: 'ada', now, keys: replaced(org, { timestamp: { keys: [fresh], threshold: 1 } }) })
    await org.approve(store, 'root', org.ada, org.bert)
    await expect(org.publish(store)).rejects.toThrow(coded('online-key-missing'))
    const written: string[] = []
    const write = (name: string, bytes: Uint8Array) => {
      written.push(name)
      return store.write(name, bytes)
    }
    const watched = { ...store, write }
    await publish(watched, { online: [org.snapshot, org.timestamp, fresh], now })
    expect(written).toEqual(['metadata/2.snapshot.json', 'metadata/timestamp.json', 'metadata/2.root.json'])
    const { timestamp } = await readRepository(store)
    expect(timestamp.document.signatures.map(({ keyid }) => keyid)).toEqual([org.timestamp.keyId, fresh.keyId])
  })

  it('that replaces a lost online key goes out root first, and a crash between is mended by the next try', async () => {
    const { org, store } = await organisation()
    const fresh = person('console')
    const online = [org.snapshot, fresh]
    await stageRoot(store, { author: 'ada', now, keys: replaced(org, { timestamp: { keys: [fresh], threshold: 1 } }) })
    await org.approve(store, 'root', org.ada, org.bert)
    await expect(publish(breakingStore(store, 2, true), { online, now })).rejects.toThrow('the disk is gone')
    expect(await versions(store)).toMatchObject({ root: 2, timestamp: 1 })
    expect(await renew(store, { online, now })).toBe('timestamp')
    expect(await versions(store)).toMatchObject({ root: 2, timestamp: 2 })
    expect((await publish(store, { online, now })).waiting).toEqual([])
  })

  it('that replaces the targets keys goes out only with targets that they signed', async () => {
    const { org, store } = await organisation()
    const targets = { keys: [org.cleo, person('dora')], threshold: 1 }
    await stageRoot(store, { author: 'ada', now, keys: replaced(org, { targets }) })
    await org.approve(store, 'root', org.ada, org.bert)
    expect((await org.publish(store)).waiting).toEqual(['root'])
    await stageTargets(store, { role: 'targets', author: 'cleo', now })
    await org.approve(store, 'targets', org.cleo)
    expect((await org.publish(store)).published.map(({ role }) => role)).toEqual(['root', 'targets'])
  })
})

describe('renewing', () => {
  it('signs each of the two anew when half of its life is over, and nothing before', async () => {
    const { org, store } = await organisation()
    const { timestamp, snapshot } = defaultLifetimes
    expect(await renew(store, { online: org.online, now: now + timestamp / 2 })).toBe('nothing')
    expect(await renew(store, { online: org.online, now: now + timestamp / 2 + 1 })).toBe('timestamp')
    expect(await versions(store)).toMatchObject({ timestamp: 2, snapshot: 1 })
    expect(await renew(store, { online: org.online, now: now + snapshot / 2 + 1 })).toBe('snapshot-and-timestamp')
    expect(await versions(store)).toMatchObject({ timestamp: 3, snapshot: 2, targets: 1 })
  })

  it('that fails leaves what was valid', async () => {
    const { org, store, folder } = await organisation()
    const before = await filesIn(folder)
    const later = now + defaultLifetimes.snapshot
    await expect(renew(breakingStore(store, 0, false), { online: org.online, now: later })).rejects.toThrow('the disk is gone')
    expect(await filesIn(folder)).toEqual(before)
    await expect(renew(store, { online: [], now: later })).rejects.toThrow(coded('online-key-missing'))
    expect(await versions(store)).toMatchObject({ timestamp: 1, snapshot: 1 })
    expect(await renew(store, { online: org.online, now: later })).toBe('snapshot-and-timestamp')
  })
})

it('an organisation may hold all keys in one hand with thresholds of one', async () => {
  const store = folderStore(await freshFolder())
  const [only, online] = [person('only'), person('console')]
  const one = { keys: [only], threshold: 1 }
  const keys = { root: one, targets: one, snapshot: { keys: [online], threshold: 1 }, timestamp: { keys: [online], threshold: 1 } }
  await createRepository(store, { author: 'only', keys, delegations: { packages: one }, offline: [only] }, { online: [online], now })
  expect(await versions(store)).toMatchObject({ root: 1, targets: 1 })
})

describe('a rotation', () => {
  const rotate = (org: Organisation, store: RepositoryStore, more: Partial<Pick<Rotation, 'keys' | 'delegations'>>) =>
    stageRotation(store, { keys: org.rootKeys(), delegations: org.delegations(), author: 'ada', now, ...more })

  it('stages nothing where nothing differs, and else just what has to be signed anew', async () => {
    const { org, store } = await organisation()
    await org.release(store, office.path, office.bytes)
    expect(await rotate(org, store, {})).toEqual([])
    const dora = person('dora')
    const packages = { keys: [org.approverAda, org.approverBert, dora], threshold: 2 }
    expect(await rotate(org, store, { delegations: { ...org.delegations(), packages } })).toEqual(['targets'])
    await withdraw(store, 'targets')
    const without = { keys: [org.approverAda, dora], threshold: 2 }
    expect(await rotate(org, store, { delegations: { ...org.delegations(), packages: without } })).toEqual(['targets', 'packages'])
    await org.approve(store, 'targets', org.ada, org.bert)
    await org.approve(store, 'packages', org.approverAda, dora)
    expect((await org.publish(store)).published.map(({ role }) => role)).toEqual(['targets', 'packages'])
  })

  it('of a stolen targets key has targets signed anew under the new root', async () => {
    const { org, store } = await organisation()
    const dora = person('dora')
    const keys = { ...org.rootKeys(), targets: { keys: [org.bert, dora], threshold: 2 } }
    expect(await rotate(org, store, { keys })).toEqual(['root', 'targets'])
    await org.approve(store, 'root', org.bert, org.cleo)
    await org.approve(store, 'targets', org.bert, dora)
    expect((await org.publish(store)).waiting).toEqual([])
    const { roles, waiting } = await statusOf(store, now)
    expect(waiting).toEqual([])
    expect(roles.find(({ role }) => role === 'targets')).toMatchObject({ threshold: 2, keys: [{ holder: 'bert' }, { holder: 'dora' }] })
  })
})

describe('the status', () => {
  it('says what is published until when, and what waits for whom', async () => {
    const { org, store } = await organisation()
    await stageTargets(store, { role: 'packages', author: 'ada', now, add: [office] })
    await org.approve(store, 'packages', org.approverBert)
    const { roles, waiting } = await statusOf(store, now + 10)
    expect(roles.map(({ role }) => role)).toEqual(['root', 'targets', 'snapshot', 'timestamp', 'packages', 'releases'])
    expect(roles[3]).toMatchObject({ published: { version: 1, secondsLeft: defaultLifetimes.timestamp - 10 } })
    expect(roles[4]).toMatchObject({ published: null, threshold: 2 })
    expect(waiting).toEqual([{ role: 'packages', version: 1, author: 'ada', progress: [{ by: 'published', needed: 2, given: 1 }] }])
  })
})
