// SPDX-License-Identifier: Apache-2.0
import { combineShares, type EscrowShare, splitInstanceKey } from '@casemate/policy/escrow'
import { parseEscrowKeys } from '@casemate/policy/key-list'
import { routes } from '@casemate/policy/protocol'
import { expect, it } from 'vitest'
import { rightsOf } from '../../src/access/roles.ts'
import { readAudit } from '../../src/audit/read.ts'
import { exportEscrow, listEscrow } from '../../src/escrow/read.ts'
import { errorOf, random, ScriptedDevice } from './device.ts'
import { administrator, escrowList, giveBack } from './escrow-keys.ts'
import { operator, publishDesktop, startWorld } from './world.ts'

const people = [administrator(), administrator(), administrator()] as const
const keys = await parseEscrowKeys(await escrowList(2, people))
const key = random(32)
const kids = keys.keys.map(({ kid }) => kid)

const sharesOf = (device: ScriptedDevice, more: { readonly instance?: string; readonly resetSeq?: number; readonly id?: string } = {}) => {
  const { instance = 'office-1', resetSeq = 0, id = device.id } = more
  return splitInstanceKey(key, { device: { id, key: device.key }, instance, resetSeq, keys, now: device.world.now, random })
}
const keep = async (device: ScriptedDevice, shares: readonly EscrowShare[], instance = 'office-1') =>
  errorOf(await device.post(routes.keepEscrow.path, { instance, shares }))

it('keeps the shares that a device made of its own instance, the newest only, and gives them out to be opened', async () => {
  const world = await startWorld()
  await publishDesktop(world)
  const [device, other] = [await ScriptedDevice.enrolled(world), await ScriptedDevice.enrolled(world, { user: 'eve' })]
  const kept = { status: 200, code: undefined }
  const refused = { status: 403, code: 'escrow-refused' }
  expect(await keep(device, await sharesOf(device))).toEqual(refused)
  await device.activate(null)
  expect(await keep(device, await sharesOf(device))).toEqual(kept)
  const second = await sharesOf(device, { resetSeq: 1 })
  const foreign: [string, readonly EscrowShare[]][] = [
    ['of another device', await sharesOf(other)],
    ['of another device under the name of this one', await sharesOf(other, { id: device.id })],
    ['of another instance', await sharesOf(device, { instance: 'lab' })],
    ['without one', second.slice(1)],
    ['in another order', second.toReversed()],
    ['of two splits', [...second.slice(0, 2), ...(await sharesOf(device, { resetSeq: 1 })).slice(2)]],
    ['whose statement was altered', second.map((share) => ({ ...share, statement: `${share.statement.slice(0, -4)}AAAA` }))],
  ]
  for (const [what, shares] of foreign) expect([what, await keep(device, shares)]).toEqual([what, refused])
  expect(await keep(device, second)).toEqual(kept)
  expect(await keep(device, await sharesOf(device))).toEqual(refused)

  const split = { instance: 'office-1', threshold: 2, resets: 1, receivedAt: world.now, keys: kids }
  expect(await listEscrow(operator, world.console, device.id)).toEqual({ splits: [split] })
  expect(await listEscrow(operator, world.console, other.id)).toEqual({ splits: [] })
  const wanted = { device: device.id, instance: 'office-1', recipient: null }
  const { agreementKey, shares } = await exportEscrow(operator, world.console, wanted)
  expect(shares.map(({ index, key: kid }) => [index, kid])).toEqual(kids.map((kid, at) => [at + 1, kid]))
  const back = await Promise.all([2, 0].map(async (at) => giveBack(people[at] ?? people[0], shares[at]?.share ?? '', agreementKey)))
  const owner = { id: device.id, key: device.key }
  expect((await combineShares(back, { device: owner, instance: 'office-1', resetSeq: 1, approved: keys })).key).toEqual(key)

  const auditor = { ...operator, rights: rightsOf(['auditor']) }
  await expect(exportEscrow(auditor, world.console, wanted)).rejects.toMatchObject({ code: 'right-missing' })
  const helper = { ...operator, rights: rightsOf(['help-desk']) }
  await expect(exportEscrow(helper, world.console, wanted)).resolves.toMatchObject({ agreementKey })
  await expect(exportEscrow(operator, world.console, { ...wanted, instance: 'lab' })).rejects.toMatchObject({ code: 'not-found' })
  await expect(exportEscrow(operator, world.console, { ...wanted, recipient: 'nobody' })).rejects.toMatchObject({ code: 'not-found' })
  const { entries } = await readAudit(operator, world.console)
  const actions = entries.map(({ action }) => action).filter((action) => action.startsWith('escrow.'))
  expect(actions.toSorted()).toEqual(['escrow.exported', 'escrow.exported', 'escrow.kept', 'escrow.kept'])
})
