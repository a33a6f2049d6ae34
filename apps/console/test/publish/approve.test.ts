// SPDX-License-Identifier: Apache-2.0
import { describe, expect, it } from 'vitest'
import { createRepository } from '../../src/publish/create.ts'
import { folderStore } from '../../src/publish/folder-store.ts'
import { keyIdOf } from '../../src/publish/key.ts'
import { readRepository } from '../../src/publish/repository.ts'
import { readTarget, reviewPending } from '../../src/publish/review.ts'
import { addSignature, signPending } from '../../src/publish/sign.ts'
import { stageRoot } from '../../src/publish/stage-root.ts'
import { stageTargets, type TargetsChange } from '../../src/publish/stage-targets.ts'
import { withdraw } from '../../src/publish/withdraw.ts'
import { coded, filesIn, freshFolder, now, Organisation, organisation, person, text } from './organisation.ts'

const manifest = text({ name: 'office', version: '1' })
const change = (more: Partial<TargetsChange> = {}): TargetsChange => ({ role: 'packages', author: 'ada', now, ...more })
const office = { path: 'packages/office/1.json', bytes: manifest }

describe('a new repository', () => {
  it('is published once its offline keys at hand suffice, and holds nothing but its first four files', async () => {
    const { folder } = await organisation()
    expect(await filesIn(folder)).toEqual([
      'holders.json',
      'metadata/1.root.json',
      'metadata/1.snapshot.json',
      'metadata/1.targets.json',
      'metadata/timestamp.json',
    ])
  })

  it('waits for the keys that are elsewhere', async () => {
    const [folder, org] = [await freshFolder(), new Organisation()]
    const store = folderStore(folder)
    expect(await org.create(store, [org.ada])).toEqual({ published: [], waiting: ['root', 'targets'] })
    await expect(readRepository(store)).rejects.toThrow(coded('repository-missing'))
    await org.approve(store, 'root', org.cleo)
    expect((await org.publish(store)).published).toEqual([])
    await org.approve(store, 'targets', org.bert)
    expect(await org.publish(store)).toEqual({
      published: [
        { role: 'root', version: 1 },
        { role: 'targets', version: 1 },
      ],
      waiting: [],
    })
  })

  it('is not made over another one', async () => {
    const { org, store } = await organisation()
    await expect(org.create(store)).rejects.toThrow(coded('repository-exists'))
    expect((await org.create(folderStore(await freshFolder()))).published).toHaveLength(2)
  })

  it('refuses one public key under two ids, an id that is not the key`s, and a threshold that cannot be met', async () => {
    const org = new Organisation()
    const make = async (root: Partial<ReturnType<Organisation['rootKeys']>>) => {
      const first = { author: 'ada', keys: { ...org.rootKeys(), ...root }, delegations: org.delegations(), offline: [org.ada, org.bert] }
      return await createRepository(folderStore(await freshFolder()), first, { online: org.online, now })
    }
    const twin = { ...org.ada, keyId: keyIdOf(org.bert.publicKey) }
    await expect(make({ root: { keys: [org.ada, twin], threshold: 2 } })).rejects.toThrow(coded('key-under-two-ids'))
    const renamed = { ...person('dora'), keyId: keyIdOf(person('eve').publicKey) }
    await expect(make({ root: { keys: [org.bert, renamed], threshold: 2 } })).rejects.toThrow(coded('key-id-wrong'))
    await expect(make({ root: { keys: [org.ada, org.ada], threshold: 2 } })).rejects.toThrow(coded('key-under-two-ids'))
    await expect(make({ root: { keys: [org.ada, org.bert], threshold: 3 } })).rejects.toThrow(coded('threshold-invalid'))
    await expect(make({ root: { keys: [org.ada, person('ada')], threshold: 2 } })).rejects.toThrow(coded('threshold-invalid'))
    await expect(make({ root: { keys: [org.ada, org.bert], threshold: 0 } })).rejects.toThrow(coded('threshold-invalid'))
    expect((await make({ root: { keys: [org.ada, org.bert], threshold: 2 } })).published).toHaveLength(2)
  })
})

describe('approval', () => {
  it('needs the threshold of different people; the author counts once, also with two keys', async () => {
    const [org, store] = [new Organisation(), folderStore(await freshFolder())]
    const second = person('ada')
    const delegations = { packages: { keys: [org.approverAda, second, org.approverBert], threshold: 2 } }
    await createRepository(store, { author: 'ada', keys: org.rootKeys(), delegations, offline: [org.ada, org.bert] }, { online: org.online, now })
    await stageTargets(store, change({ add: [office] }))
    expect((await org.publish(store)).waiting).toEqual(['packages'])
    await org.approve(store, 'packages', org.approverAda)
    await expect(org.approve(store, 'packages', second)).rejects.toThrow(coded('holder-signed'))
    expect((await org.publish(store)).waiting).toEqual(['packages'])
    await org.approve(store, 'packages', org.approverBert)
    expect((await org.publish(store)).published).toEqual([{ role: 'packages', version: 1 }])
  })

  it('counts a key once, and only the keys of the role', async () => {
    const { org, store } = await organisation()
    await stageTargets(store, change({ add: [office] }))
    await org.approve(store, 'packages', org.approverAda)
    await expect(org.approve(store, 'packages', org.approverAda)).rejects.toThrow(coded('key-signed'))
    await expect(org.approve(store, 'packages', org.ada)).rejects.toThrow(coded('key-not-in-role'))
    await expect(org.approve(store, 'packages', person('bert'))).rejects.toThrow(coded('key-not-in-role'))
    await org.approve(store, 'packages', org.approverBert)
    expect((await reviewPending(store, 'packages')).progress).toEqual([{ by: 'published', needed: 2, given: 2 }])
  })

  it('takes a signature only over the bytes that were reviewed', async () => {
    const { org, store } = await organisation()
    await stageTargets(store, change({ add: [office] }))
    const { sha256 } = await reviewPending(store, 'packages')
    await withdraw(store, 'packages')
    await stageTargets(store, change({ add: [{ ...office, bytes: text('other') }] }))
    await expect(signPending(store, 'packages', sha256, org.approverAda)).rejects.toThrow(coded('pending-altered'))
    const review = await reviewPending(store, 'packages')
    const sig = Buffer.from(await org.approverAda.sign(text('something else'))).toString('hex')
    await expect(addSignature(store, 'packages', review.sha256, { keyid: org.approverAda.keyId, sig })).rejects.toThrow(coded('signature-invalid'))
    const forger = { ...org.approverAda, sign: person('x').sign }
    await expect(signPending(store, 'packages', review.sha256, forger)).rejects.toThrow(coded('signature-invalid'))
    const right = Buffer.from(await org.approverAda.sign(review.bytes)).toString('hex')
    expect(await addSignature(store, 'packages', review.sha256, { keyid: org.approverAda.keyId, sig: right })).toEqual([
      { by: 'published', needed: 2, given: 1 },
    ])
  })

  it('shows what would change, with the bytes of what is new', async () => {
    const { org, store } = await organisation()
    await org.release(store, office.path, office.bytes)
    await stageTargets(store, change({ add: [{ path: 'packages/office/2.json', bytes: text(2) }], remove: [office.path] }))
    const review = await reviewPending(store, 'packages')
    expect(review).toMatchObject({ role: 'packages', version: 2, author: 'ada', signedBy: [], keys: [] })
    expect(review.removed.map(({ path }) => path)).toEqual([office.path])
    const [added] = review.added
    if (added === undefined) throw new Error('nothing was added')
    expect(await readTarget(store, 'packages', added)).toEqual(text(2))
  })

  it('shows which people`s keys come and go', async () => {
    const { org, store } = await organisation()
    const keys = [org.approverAda, person('dora')]
    await stageTargets(store, change({ role: 'targets', delegations: { ...org.delegations(), packages: { keys, threshold: 1 } } }))
    const { keys: changed } = await reviewPending(store, 'targets')
    expect(changed).toHaveLength(1)
    expect(changed[0]).toMatchObject({
      role: 'packages',
      threshold: { before: 2, after: 1 },
      added: [{ holder: 'dora' }],
      removed: [{ holder: 'bert' }],
    })
  })
})

describe('a waiting version', () => {
  it('is the only one of its role until it is published or withdrawn', async () => {
    const { org, store, folder } = await organisation()
    const before = await filesIn(folder)
    await stageTargets(store, change({ add: [office] }))
    await expect(stageTargets(store, change())).rejects.toThrow(coded('pending-exists'))
    await stageTargets(store, change({ role: 'releases' }))
    await withdraw(store, 'packages')
    await withdraw(store, 'releases')
    expect(await filesIn(folder)).toEqual(before)
    expect((await org.release(store, office.path, office.bytes)).published).toHaveLength(1)
  })

  it.each([
    ['packages', 'packages/office/../1.json'],
    ['packages', 'releases/office/1.json'],
    ['packages', 'packages/office/1'],
    ['packages', 'packages/Office/1.json'],
    ['releases', 'releases/office/01.json'],
    ['releases', 'releases/office/one.json'],
    ['targets', 'packages/office/1.json'],
    ['targets', 'keys/root.json'],
    ['targets', 'keys/online/first.json'],
    ['packages', 'packages/office/1_0.json'],
  ] as const)('of `%s` takes no target `%s`', async (role, path) => {
    const { store } = await organisation()
    await expect(stageTargets(store, change({ role, add: [{ path, bytes: manifest }] }))).rejects.toThrow(coded('path-invalid'))
  })

  it.each([
    ['packages', 'packages/office/1.0-rc.1.json'],
    ['releases', 'releases/office/10.json'],
    ['targets', 'keys/help-desk.json'],
  ] as const)('of `%s` takes a target `%s`', async (role, path) => {
    const { store } = await organisation()
    const { document } = await stageTargets(store, change({ role, add: [{ path, bytes: manifest }] }))
    expect(Object.keys(document.signed.targets)).toEqual([path])
  })

  it('never replaces what is published, and removes only what is there', async () => {
    const { org, store } = await organisation()
    await org.release(store, office.path, office.bytes)
    await expect(stageTargets(store, change({ add: [{ ...office, bytes: text('new') }] }))).rejects.toThrow(coded('target-exists'))
    await expect(stageTargets(store, change({ add: [{ ...office, bytes: text('new') }], remove: [office.path] }))).rejects.toThrow(
      coded('target-exists'),
    )
    await expect(stageTargets(store, change({ remove: ['packages/office/2.json'] }))).rejects.toThrow(coded('target-missing'))
    expect((await stageTargets(store, change({ add: [office] }))).document.signed.version).toBe(2)
  })

  it('lets a desktop`s serial only rise', async () => {
    const { org, store } = await organisation()
    const release = (serial: number, desktop = 'office', content: unknown = serial) =>
      change({ role: 'releases', add: [{ path: `releases/${desktop}/${serial}.json`, bytes: text(content) }] })
    await stageTargets(store, release(7))
    await org.approve(store, 'releases', org.approverBert)
    await org.publish(store)
    await expect(stageTargets(store, release(6))).rejects.toThrow(coded('serial-not-rising'))
    await expect(stageTargets(store, release(7, 'office', 'other'))).rejects.toThrow(coded('target-exists'))
    expect((await stageTargets(store, release(6, 'lab'))).role).toBe('releases')
    await withdraw(store, 'releases')
    expect((await stageTargets(store, release(8))).role).toBe('releases')
  })

  it('is only of a role that targets delegates to, now or once its own waiting version is out', async () => {
    const { org, store } = await organisation()
    const add = [{ path: 'policies/office/1.json', bytes: text(1) }]
    await expect(stageTargets(store, change({ role: 'policies', add }))).rejects.toThrow(coded('role-not-delegated'))
    const policies = { keys: [org.approverAda], threshold: 1 }
    await stageTargets(store, change({ role: 'targets', delegations: { ...org.delegations(), policies } }))
    await stageTargets(store, change({ role: 'policies', add }))
    await org.approve(store, 'policies', org.approverAda)
    expect((await org.publish(store)).published).toEqual([])
    await org.approve(store, 'targets', org.ada, org.bert)
    expect((await org.publish(store)).published.map(({ role }) => role)).toEqual(['targets', 'policies'])
  })

  it('is refused where a device would refuse its size', async () => {
    const { store } = await organisation()
    const add = (length: number) => change({ add: [{ ...office, bytes: new Uint8Array(length) }] })
    await expect(stageTargets(store, add(16_777_217))).rejects.toThrow(coded('too-large'))
    expect((await stageTargets(store, add(16_777_216))).role).toBe('packages')
  })

  it('does not move a known key to another person', async () => {
    const { org, store } = await organisation()
    const keys = org.rootKeys()
    const moved = { ...keys.root, keys: [org.ada, org.bert, { ...org.cleo, holder: 'ada' }] }
    await expect(stageRoot(store, { author: 'ada', now, keys: { ...keys, root: moved } })).rejects.toThrow(coded('holder-changed'))
    expect((await stageRoot(store, { author: 'ada', now, keys })).document.signed.version).toBe(2)
  })
})
