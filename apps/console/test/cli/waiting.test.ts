// SPDX-License-Identifier: Apache-2.0
//
// What an approver is shown: the change against what was approved before, and nothing that the bytes to sign do not name.
import { expect, it } from 'vitest'
import { checkWaiting, describeWaiting, type Waiting, waiting } from '../../cli/waiting.ts'
import { operatorCalls } from '../../operator-door/calls.ts'
import { withdrawWaiting } from '../../src/approvals/approve.ts'
import { stagePolicy } from '../../src/policies/stage.ts'
import { stageRelease } from '../../src/releases/stage.ts'
import { approveRole, openRules, operator, publishPackage, publishPolicy, publishRelease, startWorld, type World } from '../console/world.ts'

const memory = { setting: 'memory', value: { maxMiB: 256 } }

async function stage(world: World, name: string, version: string, rules: readonly object[]): Promise<void> {
  await stagePolicy(operator, world.console, JSON.stringify({ format: 'casemate-policy-1', name, version, minRuntime: '0.1.0', rules }))
}

const read = async (world: World, role: string): Promise<Waiting> =>
  waiting.parse(await operatorCalls(world.console, () => null)['read-pending'](operator, { role }))

it('shows the first version of a policy and of a release whole, and the next ones by what changes', async () => {
  const world = await startWorld()
  await stage(world, 'base', '1', openRules)
  const first = await read(world, 'policies')
  expect(describeWaiting(first, false)).toEqual(describeWaiting(first, true))
  expect(describeWaiting(first, false)[2]).toBe('    policy base 1, for runtime 0.1.0 or later')
  await approveRole(world, 'policies')
  await stage(world, 'base', '2', [...openRules, memory])
  const next = await read(world, 'policies')
  expect(describeWaiting(next, false).slice(1)).toEqual([
    '+ policies/base/2.json, against policies/base/1.json',
    '    version: 1 → 2',
    '    added memory: tightened',
    '      + at most 256 MiB ({"maxMiB":256})',
  ])
  expect(describeWaiting(next, true)[2]).toBe('    policy base 2, for runtime 0.1.0 or later')
  await approveRole(world, 'policies')

  const { sha256 } = await publishPackage(world)
  await publishRelease(world, '1')
  const layers = [{ layer: 'organisation' as const, selector: null, name: 'base', version: '2' }]
  await stageRelease(operator, world.console, { desktop: 'office', title: 'Office', package: { name: 'demo', version: '1' }, layers })
  const lines = describeWaiting(await read(world, 'releases'), false)
  expect(lines.slice(1)).toEqual([
    '+ releases/office/2.json, against releases/office/1.json',
    expect.stringMatching(/^ {4}organisation: base: 1, SHA-256 [0-9a-f]{64} → 2, SHA-256 [0-9a-f]{64}$/),
  ])
  expect(lines.join()).not.toContain(sha256)
})

it('compares with the version that was published last, not with one that was withdrawn', async () => {
  const world = await startWorld()
  await publishPolicy(world, '1', openRules)
  await stage(world, 'base', '2', [memory])
  await withdrawWaiting(operator, world.console, 'policies')
  await stage(world, 'base', '3', [...openRules, memory])
  expect((await read(world, 'policies')).targets).toMatchObject([{ path: 'policies/base/3.json', former: { path: 'policies/base/1.json' } }])
})

it('refuses to show, and so to sign, what the waiting bytes do not name', async () => {
  const world = await startWorld()
  await publishPolicy(world, '1', openRules)
  await stage(world, 'other', '1', [memory])
  await approveRole(world, 'policies')
  await stage(world, 'base', '2', [memory])
  const version = await read(world, 'policies')
  const [target] = version.targets
  if (target === undefined || target.former === null) throw new Error('expected a target with a former one')
  const refused = expect.objectContaining({ code: 'pending-altered' })
  const shown = (change: Partial<Waiting['targets'][number]>) => checkWaiting({ ...version, targets: [{ ...target, ...change }] })
  expect(Buffer.from(await checkWaiting(version)).toString('base64')).toBe(version.bytes)
  expect(Buffer.from(await shown({ former: null })).toString('base64')).toBe(version.bytes)
  const other = Buffer.from(JSON.stringify(JSON.parse(Buffer.from(target.former.bytes, 'base64').toString()), null, 1)).toString('base64')
  await expect(shown({ former: { path: target.former?.path ?? '', bytes: other } })).rejects.toThrow(refused)
  await expect(shown({ former: { path: 'policies/base/9.json', bytes: target.former?.bytes ?? '' } })).rejects.toThrow(refused)
  // Approved, and of another name.
  const { policyVersions } = world.console.db.tables
  const documents = await world.console.db.select({ document: policyVersions.document }).from(policyVersions)
  const foreign = documents.map(({ document }) => Buffer.from(document)).find((document) => document.includes('"other"'))
  await expect(shown({ former: { path: 'policies/other/1.json', bytes: foreign?.toString('base64') ?? '' } })).rejects.toThrow(refused)
  await expect(shown({ bytes: other })).rejects.toThrow(refused)
  // The same bytes under another role's name.
  await expect(checkWaiting({ ...version, role: 'releases' })).rejects.toThrow(refused)
  await expect(checkWaiting({ ...version, role: 'targets' })).rejects.toThrow(refused)
  await expect(checkWaiting({ ...version, targets: [] })).rejects.toThrow(refused)
  await expect(checkWaiting({ ...version, sha256: 'ab'.repeat(32) })).rejects.toThrow(refused)
})
