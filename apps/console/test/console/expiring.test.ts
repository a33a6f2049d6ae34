// SPDX-License-Identifier: Apache-2.0
//
// A year of an organisation by a clock that the test steers: the console is stopped and started as time goes on.
import { expect, it } from 'vitest'
import { listExpiring, stageDue } from '../../src/approvals/expiring.ts'
import { listWaiting, readWaiting } from '../../src/approvals/review.ts'
import { signHere } from '../../src/approvals/sign-here.ts'
import { readAudit } from '../../src/audit/read.ts'
import { defaultLifetimes } from '../../src/publish/lifetimes.ts'
import { firstNow, operator, passphrase, publishPackage, startWorld } from './world.ts'

const year = defaultLifetimes.root

it('stages renewals at half of a life, warns in the last third, and is quiet once they are signed', async () => {
  const world = await startWorld()
  await publishPackage(world)
  const { console } = world
  const waiting = async () => (await listWaiting(operator, console)).map(({ role }) => role)
  world.now = firstNow + year / 2
  expect(await stageDue(console)).toEqual([])
  world.now += 1
  expect((await stageDue(console)).map(({ role }) => role)).toEqual(['root', 'targets', 'packages'])
  expect(await stageDue(console)).toEqual([])
  expect((await listExpiring(operator, console)).map(({ role }) => role)).toEqual(['snapshot', 'timestamp'])
  expect((await readAudit(operator, console)).entries.at(-1)).toMatchObject({ action: 'packages.staged' })

  world.now = firstNow + Math.ceil((year * 2) / 3) + 1
  const [root, targets] = (await listExpiring(operator, console)).filter(({ needed }) => needed > 0)
  expect(root).toEqual({
    role: 'root',
    version: 1,
    expires: expect.stringMatching(/Z$/),
    expired: false,
    waiting: true,
    needed: 1,
    holders: [operator.name],
  })
  expect(targets).toMatchObject({ role: 'targets', waiting: true })

  for (const role of await waiting()) {
    const { review } = await readWaiting(operator, console, role)
    expect([review.added, review.removed, review.keys]).toEqual([[], [], []])
    await signHere(operator, console, { role, reviewed: review.sha256, passphrase })
  }
  expect([await waiting(), await listExpiring(operator, console)]).toEqual([[], []])
  expect(world.failures).toEqual([])
})

it('stages them at its start too, and goes on with work while they wait', async () => {
  const world = await startWorld()
  await publishPackage(world)
  await world.close()
  const later = await startWorld({ data: world.data, now: firstNow + year - 10 })
  expect((await listExpiring(operator, later.console)).map(({ role, expired }) => [role, expired])).toEqual([
    ['root', false],
    ['targets', false],
    ['packages', false],
  ])
  later.now = firstNow + year + 10
  expect((await listExpiring(operator, later.console)).find(({ role }) => role === 'root')).toMatchObject({ expired: true, waiting: true })
  await publishPackage(later, '2')
  expect((await listWaiting(operator, later.console)).map(({ role }) => role)).toEqual(['root', 'targets'])
})
