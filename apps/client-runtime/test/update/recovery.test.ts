// SPDX-License-Identifier: Apache-2.0
//
// Keys lost and stolen, below and at their threshold, as docs/trust.md tells people to recover: the publisher's own repository on one
// side, devices on the other, and a thief who has the repository's folder, its server and the keys that the test names.
import { describe, expect, it } from 'vitest'
import { defaultLifetimes } from '../../../console/src/publish/lifetimes.ts'
import { publish } from '../../../console/src/publish/publish.ts'
import { renew } from '../../../console/src/publish/renew.ts'
import { stageRotation } from '../../../console/src/publish/rotate.ts'
import { stageRoot } from '../../../console/src/publish/stage-root.ts'
import { stageTargets } from '../../../console/src/publish/stage-targets.ts'
import type { RepositoryStore } from '../../../console/src/publish/store.ts'
import { type Organisation, person, text } from '../../../console/test/publish/organisation.ts'
import { coded, office } from './device.ts'
import { published, step } from './publisher.ts'

const evil = 'packages/evil/1.json'

/** A new console key for snapshot and timestamp: what starts both lines anew on every device (TUF 5.3.11). */
function newOnline(org: Organisation) {
  const fresh = person('console')
  const keys = { snapshot: { keys: [fresh], threshold: 1 }, timestamp: { keys: [fresh], threshold: 1 } }
  return { keys, online: [...org.online, fresh] }
}

const rotation = (org: Organisation, at: number) => ({ keys: org.rootKeys(), delegations: org.delegations(), author: 'ada', now: at })

async function withPackage() {
  const all = await published()
  await all.org.release(all.store, office, text('office 1'), all.at)
  await step(all.device)
  await all.device.download()
  return all
}

describe('approver keys', () => {
  it('stolen below the threshold approve nothing, and sign nothing once they are taken out', async () => {
    const { org, store, device, at, copied } = await withPackage()
    const thief = await copied()
    await stageTargets(thief.store, { role: 'packages', author: 'ada', now: at, add: [{ path: evil, bytes: text('evil') }] })
    await org.approve(thief.store, 'packages', org.approverBert)
    expect(await org.publish(thief.store, at)).toEqual({ published: [], waiting: ['packages'] })

    const dora = person('dora')
    const packages = { keys: [org.approverAda, dora], threshold: 2 }
    const staged = await stageRotation(store, { ...rotation(org, at), delegations: { packages, releases: packages } })
    expect(staged).toEqual(['targets', 'packages'])
    await org.approve(store, 'targets', org.ada, org.bert)
    await org.approve(store, 'packages', org.approverAda, dora)
    expect((await org.publish(store, at)).waiting).toEqual([])
    await stageTargets(store, { role: 'packages', author: 'ada', now: at })
    await expect(org.approve(store, 'packages', org.approverBert)).rejects.toThrow(expect.objectContaining({ code: 'key-not-in-role' }))
    await org.approve(store, 'packages', dora)
    await step(device)
    expect(await device.read()).toBe('"office 1"')
  })

  it('lost down to none are replaced by the targets keys, and by nobody else', async () => {
    const { org, store, device, at } = await withPackage()
    const [dora, eve] = [person('dora'), person('eve')]
    const packages = { keys: [dora, eve], threshold: 2 }
    expect(await stageRotation(store, { ...rotation(org, at), delegations: { ...org.delegations(), packages } })).toEqual(['targets', 'packages'])
    await org.approve(store, 'packages', dora, eve)
    expect(await org.publish(store, at)).toEqual({ published: [], waiting: ['targets', 'packages'] })
    await org.approve(store, 'targets', org.ada, org.bert)
    expect((await org.publish(store, at)).published.map(({ role }) => role)).toEqual(['targets', 'packages'])
    expect((await device.refresh()).dropped).toEqual([])
    await stageTargets(store, { role: 'packages', author: 'dora', now: at, add: [{ path: 'packages/office/2.json', bytes: text('office 2') }] })
    await org.approve(store, 'packages', dora, eve)
    await org.publish(store, at)
    await step(device)
    expect(await device.download('packages/office/2.json')).toMatchObject({ length: 10 })
  })

  it('stolen at the threshold, with the console: devices take what the thief approves, and drop it after the rotation', async () => {
    const { org, store, served, folder, device, at, copied } = await withPackage()
    const thief = await copied()
    await org.release(thief.store, evil, text('evil'), at)
    served.folder = thief.folder
    await step(device)
    await device.download(evil)

    const [dora, eve, next] = [person('dora'), person('eve'), newOnline(org)]
    const packages = { keys: [dora, eve], threshold: 2 }
    await stageRotation(store, { ...rotation(org, at), keys: { ...org.rootKeys(), ...next.keys }, delegations: { packages, releases: packages } })
    await org.approve(store, 'root', org.ada, org.bert)
    await org.approve(store, 'targets', org.ada, org.bert)
    await org.approve(store, 'packages', dora, eve)
    expect((await publish(store, { online: next.online, now: at })).waiting).toEqual([])
    served.folder = folder
    expect((await device.refresh()).dropped).toEqual([evil])
    await expect(device.download(evil)).rejects.toThrow(coded('target-unknown'))
    expect(await device.read()).toBe('"office 1"')

    await org.release(thief.store, 'packages/evil/2.json', text('evil 2'), at)
    served.folder = thief.folder
    await expect(device.refresh()).rejects.toThrow(coded('threshold-not-met'))
    served.folder = folder
    await device.refresh()
  })
})

describe('root keys', () => {
  it('lost or stolen below the threshold are taken out by the others, who must be as many as the threshold', async () => {
    const { org, store, device, at } = await withPackage()
    const root = { keys: [org.bert, org.cleo, person('dora')], threshold: 2 }
    expect(await stageRotation(store, { ...rotation(org, at), keys: { ...org.rootKeys(), root } })).toEqual(['root'])
    await org.approve(store, 'root', org.bert)
    expect((await org.publish(store, at)).waiting).toEqual(['root'])
    await org.approve(store, 'root', org.cleo)
    expect((await org.publish(store, at)).published).toEqual([{ role: 'root', version: 2 }])
    expect(await step(device)).toMatchObject({ root: 2 })
    await stageRoot(store, { keys: { ...org.rootKeys(), root }, author: 'ada', now: at })
    await expect(org.approve(store, 'root', org.ada)).rejects.toThrow(expect.objectContaining({ code: 'key-not-in-role' }))
  })

  it('lost at the threshold end the repository: its devices follow no other one, and have to be enrolled anew', async () => {
    const { org, store, served, device, newDevice, at } = await withPackage()
    const other = await published()
    await stageRoot(store, { keys: other.org.rootKeys(), author: 'cleo', now: at })
    await org.approve(store, 'root', org.cleo, other.org.ada, other.org.bert)
    expect((await org.publish(store, at)).published).toEqual([])

    await stageRoot(other.store, { keys: other.org.rootKeys(), author: 'ada', now: at })
    await other.org.approve(other.store, 'root', other.org.ada, other.org.bert)
    await other.org.publish(other.store, at)
    served.folder = other.folder
    await expect(device.refresh()).rejects.toThrow(coded('threshold-not-met'))
    expect(await device.read()).toBe('"office 1"')
    expect(await step(await newDevice())).toMatchObject({ root: 2 })
  })

  it('stolen at the threshold: who has taken the rotation is safe, who has not follows the thief', async () => {
    const { org, store, served, folder, device, newDevice, at, copied } = await withPackage()
    const [late, thief] = [await newDevice(), await copied()]
    await step(late)
    const [dora, eve, next] = [person('dora'), person('eve'), newOnline(org)]
    const root = { keys: [org.cleo, dora, eve], threshold: 2 }
    await stageRotation(store, { ...rotation(org, at), keys: { ...org.rootKeys(), ...next.keys, root } })
    await org.approve(store, 'root', org.ada, org.cleo, dora)
    await publish(store, { online: next.online, now: at })
    expect(await step(device)).toMatchObject({ root: 2 })

    const mallory = person('mallory')
    const stolen = { ...org.rootKeys(), root: { keys: [mallory], threshold: 1 } }
    for (const signers of [[org.ada, org.bert, mallory], [mallory]]) {
      await stageRoot(thief.store, { keys: stolen, author: 'mallory', now: at })
      await org.approve(thief.store, 'root', ...signers)
      await org.publish(thief.store, at)
    }
    served.folder = thief.folder
    await expect(device.refresh()).rejects.toThrow(coded('threshold-not-met'))
    expect(await step(late)).toMatchObject({ root: 3 })
    served.folder = folder
    await device.refresh()
    await expect(late.refresh()).rejects.toThrow(coded('rollback'))
  })
})

describe('targets keys', () => {
  it('stolen at the threshold, with the console: lists of keys that the thief put in are dropped after the rotation', async () => {
    const { org, store, served, folder, device, at, copied } = await withPackage()
    const thief = await copied()
    await stageTargets(thief.store, { role: 'targets', author: 'ada', now: at, add: [{ path: 'keys/help-desk.json', bytes: text('of the thief') }] })
    await org.approve(thief.store, 'targets', org.ada, org.bert)
    await org.publish(thief.store, at)
    served.folder = thief.folder
    await step(device)
    await device.download('keys/help-desk.json')

    const [dora, eve, next] = [person('dora'), person('eve'), newOnline(org)]
    const keys = { ...org.rootKeys(), ...next.keys, targets: { keys: [dora, eve], threshold: 2 } }
    expect(await stageRotation(store, { ...rotation(org, at), keys })).toEqual(['root', 'targets'])
    await org.approve(store, 'root', org.ada, org.bert)
    await org.approve(store, 'targets', dora, eve)
    expect((await publish(store, { online: next.online, now: at })).waiting).toEqual([])
    served.folder = folder
    expect((await device.refresh()).dropped).toEqual(['keys/help-desk.json'])
    expect(await device.read()).toBe('"office 1"')
  })

  it('lost at the threshold are replaced by the root keys', async () => {
    const { org, store, device, at } = await withPackage()
    const [dora, eve] = [person('dora'), person('eve')]
    const keys = { ...org.rootKeys(), targets: { keys: [dora, eve], threshold: 2 } }
    expect(await stageRotation(store, { ...rotation(org, at), keys })).toEqual(['root', 'targets'])
    await org.approve(store, 'targets', dora, eve)
    expect((await org.publish(store, at)).published).toEqual([])
    await org.approve(store, 'root', org.ada, org.bert)
    expect((await org.publish(store, at)).waiting).toEqual([])
    expect(await step(device)).toMatchObject({ root: 2 })
  })
})

describe("the console's disk", () => {
  const restored = async (publishFrom: (store: RepositoryStore, org: Organisation, at: number) => Promise<unknown>) => {
    const all = await withPackage()
    const backup = await all.copied()
    for (const version of [2, 3]) await all.org.release(all.store, `packages/office/${version}.json`, text(version), all.at)
    await step(all.device)
    all.served.folder = backup.folder
    await expect(all.device.refresh()).rejects.toThrow(coded('rollback'))
    await publishFrom(backup.store, all.org, all.at)
    return all
  }

  it('restored from an older backup is refused as a roll-back, and accepted again under new online keys', async () => {
    const { device } = await restored(async (store, org, at) => {
      const next = newOnline(org)
      await stageRotation(store, { ...rotation(org, at), keys: { ...org.rootKeys(), ...next.keys } })
      await org.approve(store, 'root', org.ada, org.bert)
      await publish(store, { online: next.online, now: at })
    })
    expect((await device.refresh()).floors.root).toBe(2)
    expect(await device.read()).toBe('"office 1"')
    await expect(device.download('packages/office/3.json')).rejects.toThrow(coded('target-unknown'))
  })

  it('restored and published on as it was stays refused until it is newer than what devices have seen', async () => {
    let publishNext = async (_version: number): Promise<unknown> => undefined
    const { device } = await restored(async (store, org, at) => {
      publishNext = (version) => org.release(store, `packages/office/${version}.json`, text(`another ${version}`), at)
      await publishNext(2)
    })
    await expect(device.refresh()).rejects.toThrow(coded('rollback'))
    for (const version of [3, 4]) await publishNext(version)
    expect((await device.refresh()).floors).toEqual({ root: 1, snapshot: 5, timestamp: 5 })
  })

  it('stolen, with its passphrase but without approvers` keys, approves nothing', async () => {
    const { org, device, served, at, copied } = await withPackage()
    const thief = await copied()
    await stageTargets(thief.store, { role: 'packages', author: 'mallory', now: at, add: [{ path: evil, bytes: text('evil') }] })
    expect((await org.publish(thief.store, at)).waiting).toEqual(['packages'])
    await renew(thief.store, { online: org.online, now: at, lifetimes: { ...defaultLifetimes, timestamp: 20 * 86_400 } })
    served.folder = thief.folder
    expect(await step(device)).toEqual({ root: 1, snapshot: 2, timestamp: 3 })
    await expect(device.download(evil)).rejects.toThrow(coded('target-unknown'))
    expect((await device.download()).length).toBe(10)
  })
})
