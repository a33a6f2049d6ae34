// SPDX-License-Identifier: Apache-2.0
import { describe, expect, it } from 'vitest'
import { folderStore } from '../../src/publish/folder-store.ts'
import { dateText, defaultLifetimes, lifeOf } from '../../src/publish/lifetimes.ts'
import { readRepository } from '../../src/publish/repository.ts'
import { stageRotation } from '../../src/publish/rotate.ts'
import { stageRenewals } from '../../src/publish/stage-renewals.ts'
import { stageTargets } from '../../src/publish/stage-targets.ts'
import { statusOf } from '../../src/publish/status.ts'
import { coded, freshFolder, now, Organisation, organisation, person, text } from './organisation.ts'
import { runProcess, runWithin } from './run-command.ts'

const year = defaultLifetimes.root
const half = now + year / 2
const office = { path: 'packages/office/1.json', bytes: text('office 1') }

it('a life is long, half over, in its last third, or over', () => {
  const stateAfter = (seconds: number) => lifeOf('root', dateText(now + year), now + seconds).state
  expect([0, year / 2, year / 2 + 1].map(stateAfter)).toEqual(['long', 'long', 'half'])
  expect([(year * 2) / 3, (year * 2) / 3 + 1, year - 1, year].map(stateAfter)).toEqual(['half', 'third', 'third', 'expired'])
  expect(lifeOf('timestamp', dateText(now + 86_400), now + 50_000)).toEqual({ secondsLeft: 36_400, state: 'half' })
})

describe('the renewals', () => {
  it('of what is published are staged once half of a life is over, signed by its keys, and live as long again', async () => {
    const { org, store } = await organisation()
    await org.release(store, office.path, office.bytes, now + 100)
    expect(await stageRenewals(store, { author: 'console', now: half })).toEqual([])
    const staged = await stageRenewals(store, { author: 'console', now: half + 50 })
    expect(staged.map(({ role, version }) => [role, version])).toEqual([
      ['root', 2],
      ['targets', 2],
    ])
    expect((await stageRenewals(store, { author: 'console', now: half + 150 })).map(({ role }) => role)).toEqual(['packages'])
    expect(await stageRenewals(store, { author: 'console', now: half + 150 })).toEqual([])
    await org.approve(store, 'root', org.ada, org.cleo)
    await org.approve(store, 'targets', org.ada, org.bert)
    await org.approve(store, 'packages', org.approverAda, org.approverBert)
    expect((await org.publish(store, half + 200)).waiting).toEqual([])
    const { root, roles } = await readRepository(store)
    expect(root.document.signed).toMatchObject({ version: 2, expires: dateText(half + 50 + year) })
    expect(Object.keys(roles.get('packages')?.document.signed.targets ?? {})).toEqual([office.path])
    expect(await stageRenewals(store, { author: 'console', now: half + 300 })).toEqual([])
  })

  it('give way to a change, which renews as well; a change gives way to nothing', async () => {
    const { org, store } = await organisation()
    await org.release(store, office.path, office.bytes)
    await stageRenewals(store, { author: 'console', now: half + 50 })
    await org.approve(store, 'packages', org.approverAda)
    await stageTargets(store, { role: 'packages', author: 'ada', now: half + 60, add: [{ path: 'packages/office/2.json', bytes: text(2) }] })
    const stageNext = () =>
      stageTargets(store, { role: 'packages', author: 'bert', now: half + 60, add: [{ path: 'packages/office/3.json', bytes: text(3) }] })
    await expect(stageNext()).rejects.toThrow(coded('pending-exists'))
    await expect(stageRenewals(store, { author: 'ada', now: half + 60, roles: ['packages'] })).rejects.toThrow(coded('pending-exists'))
    await org.approve(store, 'packages', org.approverAda, org.approverBert)
    await org.publish(store, half + 70)
    await stageNext()
    const { roles } = await statusOf(store, half + 70)
    expect(roles.find(({ role }) => role === 'packages')?.published).toMatchObject({ version: 2, expires: dateText(half + 60 + year), life: 'long' })
  })

  it('are asked for before they are due by name, and only of what is published', async () => {
    const { store } = await organisation()
    expect(await stageRenewals(store, { author: 'ada', now: now + 1, roles: ['root'] })).toMatchObject([{ role: 'root', version: 2 }])
    await expect(stageRenewals(store, { author: 'ada', now: now + 1, roles: ['releases'] })).rejects.toThrow(coded('role-not-delegated'))
  })

  it('stand in the way of no rotation', async () => {
    const { org, store } = await organisation()
    await org.release(store, office.path, office.bytes)
    await stageRenewals(store, { author: 'console', now: half + 50 })
    const dora = person('dora')
    const packages = { keys: [org.approverAda, dora], threshold: 2 }
    const rotation = { keys: org.rootKeys(), delegations: { ...org.delegations(), packages }, author: 'ada', now: half + 60 }
    expect(await stageRotation(store, rotation)).toEqual(['targets', 'packages'])
    await org.approve(store, 'packages', org.approverAda, dora)
    await org.approve(store, 'targets', org.ada, org.bert)
    expect((await org.publish(store, half + 70)).published.map(({ role }) => role)).toEqual(['targets', 'packages'])
  })
})

describe('casemate-trust', () => {
  it('warns of what is in its last third, says who must sign, and stages the renewal of root', async () => {
    const [org, folder, today] = [new Organisation(), await freshFolder(), Math.floor(Date.now() / 1000)]
    await org.create(folderStore(folder), [org.ada, org.bert], today - 300 * 86_400)
    const statusOfFolder = async (at: string) => (await runWithin('status', '--repository', at)).stdout
    const { exit, stdout: status } = await runProcess('status', '--repository', folder)
    expect(exit).toBe(0)
    expect(status).toMatch(/WARNING: `root` expires in 6[45]\.\d days: `stage --role root`, 2 of ada, bert, cleo/)
    expect(status).toMatch(/WARNING: `timestamp` has expired: `renew` it/)
    const staged = await runWithin('stage', '--repository', folder, '--role', 'root', '--author', 'ada')
    expect(staged).toEqual({ exit: 0, stdout: expect.stringMatching(/`root` 2 waits/) })
    expect(await statusOfFolder(folder)).toMatch(/WARNING: `root` .*: sign what waits, 2 of/)
    const young = await freshFolder()
    await org.create(folderStore(young), [org.ada, org.bert], today)
    expect(await statusOfFolder(young)).toContain('root')
    expect(await statusOfFolder(young)).not.toContain('WARNING')
  })
})
