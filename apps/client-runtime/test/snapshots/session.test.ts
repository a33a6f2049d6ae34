// SPDX-License-Identifier: Apache-2.0
//
// Snapshots of a running session, asked for at its control door: files, session and door are real, the machine is the engine's fake.
import { access, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createFakeBackend } from '@casemate/engine/fake'
import type { VmSpec } from '@casemate/engine/virtual-machine'
import { closedPlan, type LaunchPlan, launchPlan } from '@casemate/policy/launch-plan'
import { describe, expect, it, onTestFinished } from 'vitest'
import { ControlClient } from '../../daemon/sessions/control-client.ts'
import { openControlDoor } from '../../session-host/control-door.ts'
import { EventLog } from '../../session-host/event-log.ts'
import { openVm } from '../../session-host/open-vm.ts'
import { Session } from '../../session-host/session.ts'
import { carryOutRevert } from '../../session-host/snapshots/revert.ts'
import { Snapshots } from '../../session-host/snapshots/snapshots.ts'
import { suspendedState } from '../../session-host/suspended-state.ts'
import { LIMITS, Watch } from '../../session-host/watch.ts'
import { Watermarks } from '../../session-host/watermarks.ts'
import { momentsOf, ownerIn, write } from './kept-instance.ts'

const marks = new Watermarks({ device: 'd1', user: null })

type Hardware = { readonly tpm?: '2.0'; readonly firmware?: 'uefi' }

/** An open session whose disks are at `now`. */
async function opened(change: Partial<LaunchPlan> = {}, { memoryMiB = 64, firmware, ...tpm }: Hardware & { memoryMiB?: number } = {}) {
  const data = await mkdtemp(join(tmpdir(), 'snap-'))
  const { layout, instanceKey, plan: names } = ownerIn(data)
  const plan: LaunchPlan = launchPlan.parse({
    ...{ ...closedPlan, ...names, session: 's1', desktop: 'demo', memoryMiB: 64, exit: 'user', snapshots: { take: true, revert: true } },
    ...change,
  })
  const owner = { plan, layout, instanceKey }
  await write(owner, 'now')
  const machine = { memoryMiB }
  const seen = { machines: 0, released: 0 }
  const events = new EventLog()
  const launch = async () => {
    const reverted = await carryOutRevert(owner)
    const spec: VmSpec = {
      ...{ name: 's1', firmware: 'bios', chipset: 'i440fx', cpus: 1, memoryMiB: machine.memoryMiB, disks: [], video: 'std' },
      ...{ serial: 'none', network: 'none', runtimeFolder: data },
    }
    const stateFile = suspendedState(plan, layout, instanceKey)
    const vm = await openVm(createFakeBackend(), spec, stateFile, layout.folder, { state: null, disks: Promise.resolve() }, reverted, events)
    seen.machines += 1
    return {
      ...{
        vm,
        stateFile,
        growth: null,
        services: null,
        network: null,
        guest: null,
        media: null,
        usb: null,
        content: () => null,
        settled: async () => undefined,
      },
      opened: { package: plan.package.sha256, engine: plan.engine, memoryMiB: 64, serial: spec.serial },
      snapshots: new Snapshots(
        owner,
        { disks: [diskOf('c', 'system'), diskOf('d', 'user')], hardware: { firmware: firmware ?? 'bios', ...tpm } },
        marks,
        async () => undefined,
      ),
      release: async () => {
        seen.released += 1
      },
    }
  }
  const session = new Session(plan, launch, events)
  const socket = join(data, 'control.sock')
  const viewer = { viewer: 'http://127.0.0.1:1', viewerToken: 'token' }
  const close = await openControlDoor({ session, watch: new Watch(session, LIMITS, () => 0), viewer, marks, record: null, socket })
  onTestFinished(async () => {
    await session.close('power-off')
    await close()
    await rm(data, { recursive: true })
  })
  await session.open()
  expect(session.state).toBe('running')
  const types = () => events.after(0).map(({ type }) => type)
  return { session, control: new ControlClient(socket), owner, plan, seen, machine, types }
}

const diskOf = (name: string, role: 'system' | 'user') => ({ name, role, controller: 'ide' as const, size: 3 << 20, root: 'a'.repeat(64) })
const refused = (code: string) => expect.objectContaining({ name: 'SnapshotError', code })

describe('snapshots of a session', () => {
  it('are taken while it runs on, and bring it back to where it was', async () => {
    const { session, control, owner, seen, types } = await opened()
    const { snapshots, current } = await control.takeSnapshot('before', 1234)
    expect(snapshots).toEqual([{ id: current, parent: null, name: 'before', takenAt: 1234, fits: true }])
    expect([session.state, seen.machines]).toEqual(['running', 1])
    await write(owner, 'later')
    const { state } = await control.revert(current ?? '')
    expect([state, session.state, seen]).toEqual(['running', 'running', { machines: 2, released: 1 }])
    expect(await momentsOf(owner)).toBe('now')
    expect(types()).toContain('reverting')
    await write(owner, 'later')
    await control.takeSnapshot('after', 1235)
    expect((await control.snapshots()).snapshots.map(({ name, parent }) => [name, parent])).toEqual([
      ['before', null],
      ['after', current],
    ])
  })

  it('are renamed and deleted', async () => {
    const { control } = await opened()
    const { current } = await control.takeSnapshot('one', 1)
    const id = current ?? ''
    expect((await control.renameSnapshot(id, 'two')).snapshots).toMatchObject([{ id, name: 'two' }])
    expect(await control.thumbnail(id)).toBeNull()
    expect(await control.deleteSnapshot(id)).toMatchObject({ snapshots: [], current: null })
    for (const ask of [control.deleteSnapshot(id), control.renameSnapshot(id, 'x'), control.revert(id), control.thumbnail(id)])
      await expect(ask).rejects.toEqual(refused('snapshot-unknown'))
    await expect(control.takeSnapshot('two\nlines', 1)).rejects.toThrow('body-invalid')
  })

  it('can be brought back while the session is paused, and it stays paused; taken they are not then', async () => {
    const { session, control, seen } = await opened()
    const { current } = await control.takeSnapshot('one', 1)
    session.hold('user')
    await expect(control.takeSnapshot('two', 1)).rejects.toEqual(refused('snapshot-not-now'))
    expect((await control.revert(current ?? '')).state).toBe('paused')
    session.release('user')
    await control.takeSnapshot('two', 1)
    expect([session.state, seen.machines]).toEqual(['running', 2])
  })

  it('are out of reach once the session is over', async () => {
    const { session, control } = await opened()
    await session.close('power-off')
    await expect(control.snapshots()).rejects.toEqual(refused('snapshot-not-now'))
  })

  it('take what a UEFI remembers along', async () => {
    const { control, owner } = await opened({}, { firmware: 'uefi' })
    const variables = owner.layout.uefiVariables(owner.plan.package.sha256)
    await writeFile(variables, 'then')
    const { current } = await control.takeSnapshot('one', 1)
    await writeFile(variables, 'later')
    await control.revert(current ?? '')
    expect(await readFile(variables, 'utf8')).toBe('then')
  })

  it('start no machine from the state that was suspended before them', async () => {
    const { session, control, owner } = await opened()
    const { current } = await control.takeSnapshot('one', 1)
    const before = owner.layout.suspended(owner.plan.package.sha256)
    await writeFile(before, 'left by somebody')
    await control.revert(current ?? '')
    expect(session.state).toBe('running')
    await expect(access(before)).rejects.toMatchObject({ code: 'ENOENT' })
  })
})

describe('the plan of a session', () => {
  it('refuses to take, rename and delete where it does not allow to take, and allows it the moment it does', async () => {
    const { session, control, plan } = await opened({ snapshots: { take: false, revert: true } })
    await expect(control.takeSnapshot('one', 1)).rejects.toEqual(refused('snapshot-refused'))
    session.replan({ ...plan, snapshots: { take: true, revert: true } })
    const { current } = await control.takeSnapshot('one', 1)
    const id = current ?? ''
    session.replan(plan)
    for (const ask of [control.takeSnapshot('two', 1), control.renameSnapshot(id, 'x'), control.deleteSnapshot(id)])
      await expect(ask).rejects.toEqual(refused('snapshot-refused'))
    expect(await control.snapshots()).toMatchObject({ snapshots: [{ id, name: 'one' }], take: false, revert: true })
  })

  it('refuses to bring one back where it does not allow it, and the machine goes on; allowed it is brought back', async () => {
    const { session, control, owner, plan, seen } = await opened({ snapshots: { take: true, revert: false } })
    const { current } = await control.takeSnapshot('one', 1)
    await write(owner, 'later')
    await expect(control.revert(current ?? '')).rejects.toEqual(refused('snapshot-refused'))
    expect([session.state, seen.machines, await momentsOf(owner)]).toEqual(['running', 1, 'later'])
    session.replan({ ...plan, snapshots: { take: true, revert: true } })
    await control.revert(current ?? '')
    expect([session.state, seen.machines, await momentsOf(owner)]).toEqual(['running', 2, 'now'])
  })

  it('has none taken of a desktop whose changes are discarded, nor of one with a TPM', async () => {
    const discarded = await opened({ diskChanges: 'discarded' })
    await expect(discarded.control.takeSnapshot('one', 1)).rejects.toEqual(refused('snapshot-unsupported'))
    const withTpm = await opened({}, { tpm: '2.0' })
    await expect(withTpm.control.takeSnapshot('one', 1)).rejects.toEqual(refused('snapshot-unsupported'))
    const plain = await opened()
    expect((await plain.control.takeSnapshot('one', 1)).snapshots).toHaveLength(1)
  })
})

describe('a snapshot that cannot be brought back', () => {
  it('is refused where its record was altered, and the machine goes on', async () => {
    const { session, control, owner, seen } = await opened()
    const { current } = await control.takeSnapshot('one', 1)
    const { record } = owner.layout.snapshot(current ?? '')
    const bytes = await readFile(record)
    await writeFile(record, bytes.subarray(0, -1))
    await expect(control.revert(current ?? '')).rejects.toEqual(refused('snapshot-altered'))
    expect([session.state, seen.machines]).toEqual(['running', 1])
    await writeFile(record, bytes)
    await control.revert(current ?? '')
    expect([session.state, seen.machines]).toEqual(['running', 2])
  })

  it('blocks the session where its memory was altered: nothing of it is loaded', async () => {
    const { session, control, owner, seen } = await opened()
    const { current } = await control.takeSnapshot('one', 1)
    const { state } = owner.layout.snapshot(current ?? '')
    await writeFile(state, (await readFile(state)).subarray(0, -1))
    const view = await control.revert(current ?? '')
    expect([view.state, view.reason?.code, session.state, seen.machines]).toEqual(['blocked', 'state-altered', 'blocked', 1])
  })

  it('boots over its disks where the machine is another by now, and says so', async () => {
    const { session, control, machine, owner, types } = await opened()
    const { current } = await control.takeSnapshot('one', 1)
    await write(owner, 'later')
    machine.memoryMiB = 128
    await control.revert(current ?? '')
    expect([session.state, await momentsOf(owner)]).toEqual(['running', 'now'])
    expect(types()).toContain('snapshot-memory-left-out')
  })
})
