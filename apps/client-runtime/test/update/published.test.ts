// SPDX-License-Identifier: Apache-2.0
//
// The publisher's repository, served from its folder, as a device reads it.

import { describe, expect, it } from 'vitest'
import { limits } from '../../../console/src/publish/limits.ts'
import { publish } from '../../../console/src/publish/publish.ts'
import { renew } from '../../../console/src/publish/renew.ts'
import { stageRoot } from '../../../console/src/publish/stage-root.ts'
import { stageTargets } from '../../../console/src/publish/stage-targets.ts'
import type { RepositoryStore } from '../../../console/src/publish/store.ts'
import { person, text } from '../../../console/test/publish/organisation.ts'
import { defaultLimits } from '../../daemon/update/limits.ts'
import { coded, office } from './device.ts'
import { published, step } from './publisher.ts'

describe('a published repository', () => {
  it('is accepted, and so is each version after it', async () => {
    const { org, store, device, at } = await published()
    expect(await step(device)).toEqual({ root: 1, snapshot: 1, timestamp: 1 })
    await org.release(store, office, text('office 1'), at)
    expect(await step(device)).toEqual({ root: 1, snapshot: 2, timestamp: 2 })
    await device.download()
    expect(await device.read()).toBe('"office 1"')
    await stageTargets(store, { role: 'targets', author: 'ada', now: at, add: [{ path: 'keys/online.json', bytes: text('a key') }] })
    await org.approve(store, 'targets', org.ada, org.bert)
    await org.publish(store, at)
    await step(device)
    expect(await device.download('keys/online.json')).toMatchObject({ length: 7 })
    await stageTargets(store, { role: 'targets', author: 'ada', now: at, add: [{ path: 'keys/online.json', bytes: text('another key') }] })
    await org.approve(store, 'targets', org.ada, org.bert)
    await org.publish(store, at)
    expect(await device.refresh()).toMatchObject({ dropped: ['keys/online.json'] })
    expect(await device.download('keys/online.json')).toMatchObject({ length: 13 })
    await expect(device.download('packages/office/2.json')).rejects.toThrow(coded('target-unknown'))
    await expect(device.download('releases/office/1.json')).rejects.toThrow(coded('role-missing'))
  })

  it('goes on across the renewal of what the console signs, and stands still without it', async () => {
    const { org, store, device, at } = await published()
    const short = { root: 1000, targets: 1000, delegated: 1000, snapshot: 100, timestamp: 100 }
    await stageTargets(store, { role: 'targets', author: 'ada', now: at })
    await org.approve(store, 'targets', org.ada, org.bert)
    await publish(store, { online: org.online, now: at, lifetimes: short })
    await step(device)
    device.ahead = 101
    await expect(device.refresh()).rejects.toThrow(coded('metadata-expired'))
    expect(await renew(store, { online: org.online, now: at + 101, lifetimes: short })).toBe('snapshot-and-timestamp')
    expect(await step(device)).toEqual({ root: 1, snapshot: 3, timestamp: 3 })
  })

  it('goes on when an approver is replaced, a root key is, and an online key', async () => {
    const { org, store, device, at } = await published()
    await org.release(store, office, text('office 1'), at)
    await step(device)
    await device.download()
    const [dora, fresh] = [person('dora'), person('console')]
    const packages = { keys: [org.approverAda, dora], threshold: 2 }
    await stageTargets(store, { role: 'targets', author: 'ada', now: at, delegations: { ...org.delegations(), packages } })
    await stageTargets(store, { role: 'packages', author: 'dora', now: at })
    await org.approve(store, 'targets', org.ada, org.bert)
    await org.approve(store, 'packages', org.approverAda, dora)
    await org.publish(store, at)
    expect((await device.refresh()).dropped).toEqual([])

    const keys = { ...org.rootKeys(), root: { keys: [org.bert, org.cleo, dora], threshold: 2 }, timestamp: { keys: [fresh], threshold: 1 } }
    await stageRoot(store, { author: 'bert', now: at, keys })
    await org.approve(store, 'root', org.bert, org.cleo)
    await publish(store, { online: [org.snapshot, org.timestamp, fresh], now: at })
    expect(await step(device)).toMatchObject({ root: 2 })
    expect(await device.read()).toBe('"office 1"')
  })

  it('is readable for a device at every write of a publication that replaces an online key', async () => {
    const { org, store, device, at } = await published()
    const fresh = person('console')
    await stageRoot(store, { author: 'bert', now: at, keys: { ...org.rootKeys(), timestamp: { keys: [fresh], threshold: 1 } } })
    await org.approve(store, 'root', org.ada, org.cleo)
    const seen: number[] = []
    const watched: RepositoryStore = {
      ...store,
      write: async (name, bytes) => {
        await store.write(name, bytes)
        seen.push((await step(device)).root)
      },
    }
    await publish(watched, { online: [org.snapshot, org.timestamp, fresh], now: at })
    expect(seen).toEqual([1, 1, 2])
  })

  it('publishes nothing that a device would refuse for its size', () => {
    const { milliseconds: _time, ...bytes } = defaultLimits
    expect(limits).toEqual(bytes)
  })
})
