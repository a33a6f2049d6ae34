// SPDX-License-Identifier: Apache-2.0
//
// USB devices in a session: who gets one, who does not, and that each change of plan or phase takes away what it no longer gives.
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type Duplex, duplexPair } from 'node:stream'
import { createFakeBackend } from '@casemate/engine/fake'
import type { RedirFilter } from '@casemate/engine/usb-filter'
import { closedPlan, type LaunchPlan, launchPlan } from '@casemate/policy/launch-plan'
import { expect, it, onTestFinished } from 'vitest'
import { EmulatedStick, plainStick } from '../../../packages/engine/test/usb/emulated-stick.ts'
import { layoutOf } from '../layout.ts'
import { EventLog } from '../session-host/event-log.ts'
import { Session } from '../session-host/session.ts'
import { Snapshots } from '../session-host/snapshots/snapshots.ts'
import { UsbDevices } from '../session-host/usb/usb-devices.ts'
import { Watermarks } from '../session-host/watermarks.ts'

const usb = (general: 'allow' | 'block', ...products: readonly string[]): LaunchPlan['usb'] => ({
  tables: [{ general, classes: [], devices: products.map((product) => ({ vendor: '0781', product, action: 'allow' })) }],
})
const plan: LaunchPlan = launchPlan.parse({
  ...closedPlan,
  ...{ session: 's1', instance: 'i1', desktop: 'demo', engine: 'qemu', memoryMiB: 64 },
  package: { name: 'demo', version: '1', sha256: '0'.repeat(64) },
  usb: usb('block', '5567'),
})
const at = (place: string, product: string) => ({
  ...{ at: place, bus: 1, address: 2, vendor: '0781', product, classes: ['08'], name: 'Cruzer' },
})

interface Options {
  readonly controller?: boolean
  /** What comes when the device at a place is taken; a stick unless told. */
  readonly behind?: (stream: Duplex) => void
  readonly attachUsb?: (filter: RedirFilter) => Promise<void>
}

async function opened({
  controller = true,
  behind = (stream) => void new EmulatedStick(stream, plainStick),
  attachUsb = async () => undefined,
}: Options = {}) {
  const folder = await mkdtemp(join(tmpdir(), 'usb-'))
  const taken: string[] = []
  const given: string[] = []
  const host = {
    list: async () => [at('1-1', '5567'), at('1-2', '5568'), at('2-1', '5568')],
    take: async (device: { readonly at: string }) => {
      taken.push(device.at)
      const [near, far] = duplexPair()
      behind(far)
      const close = async () => {
        near.destroy()
        given.push(device.at)
      }
      return { stream: near, words: () => 'cannot open it', close }
    },
  }
  const events = new EventLog()
  const devices = new UsbDevices({ attachUsb }, host, events)
  const vm = await createFakeBackend().open({
    ...{ name: 's1', firmware: 'bios', chipset: 'i440fx', cpus: 1, memoryMiB: 64, disks: [], video: 'std', serial: 'none', network: 'none' },
    runtimeFolder: folder,
  })
  const launched = {
    ...{
      vm,
      media: null,
      guest: null,
      services: null,
      network: null,
      content: () => null,
      settled: async () => undefined,
      release: () => devices.close(),
    },
    growth: null,
    usb: controller ? devices : null,
    opened: { package: plan.package.sha256, engine: plan.engine, memoryMiB: 64, serial: 'none' as const },
    stateFile: { path: join(folder, 'state'), key: new Uint8Array(32), binding: 'i1' },
    snapshots: new Snapshots(
      { plan, layout: layoutOf(folder).instance('i1'), instanceKey: new Uint8Array(32) },
      { disks: [], hardware: { firmware: 'bios' } },
      new Watermarks({ device: 'd1', user: null }),
      async () => undefined,
    ),
  }
  const session = new Session(plan, async () => launched, events)
  onTestFinished(async () => {
    await session.close('power-off')
    await rm(folder, { recursive: true })
  })
  await session.open()
  const said = () => events.after(0).flatMap(({ type, data }) => (type.startsWith('usb-') ? [[type, data.at, data.code]] : []))
  return { session, taken, given, said, places: () => session.view().usb.map((entry) => entry.at) }
}

const refused = (code: string) => expect.objectContaining({ code })

it('a device that the policies list is given to the guest and taken back, by its place or by its name', async () => {
  const { session, taken, given, said, places } = await opened()
  await session.changeUsb('1-1', true)
  expect(session.view().usb).toEqual([{ at: '1-1', device: '0781:5567 (class 08)', name: 'Cruzer' }])
  await expect(session.changeUsb('0781:5567', true)).rejects.toEqual(refused('usb-in-use'))
  await session.changeUsb('0781:5567', false)
  expect([places(), taken, given]).toEqual([[], ['1-1'], ['1-1']])
  await expect(session.changeUsb('1-1', false)).rejects.toEqual(refused('usb-unknown'))
  expect(said()).toEqual([
    ['usb-attached', '1-1', undefined],
    ['usb-detached', '1-1', 'usb-detached'],
  ])
})

it('one that they do not list stays with the host, whose drivers need not let go of it, until they list it', async () => {
  const { session, taken, said, places } = await opened({ behind: (stream) => void new EmulatedStick(stream, { ...plainStick, product: 0x5568 }) })
  await expect(session.changeUsb('1-2', true)).rejects.toEqual(refused('usb-refused'))
  await expect(session.changeUsb('0781:5568', true)).rejects.toEqual(refused('usb-unknown'))
  await expect(session.changeUsb('3-1', true)).rejects.toEqual(refused('usb-unknown'))
  expect([taken, said()]).toEqual([[], [['usb-refused', '1-2', 'usb-refused']]])
  await session.replan({ ...plan, usb: usb('block', '5567', '5568') })
  await session.changeUsb('1-2', true)
  expect(places()).toEqual(['1-2'])
})

it('one that turns out to be another than the host said is refused, and so is one that speaks no protocol or none at all', async () => {
  const other = await opened({ behind: (stream) => void new EmulatedStick(stream, { ...plainStick, product: 0x5569 }) })
  await other.session.replan({ ...plan, usb: usb('allow') })
  await expect(other.session.changeUsb('1-1', true)).rejects.toEqual(refused('usb-changed'))
  await other.session.replan(plan)
  await expect(other.session.changeUsb('1-1', true)).rejects.toEqual(refused('usb-refused'))
  const noise = await opened({ behind: (stream) => void stream.write('HTTP/1.1 200 OK\r\n\r\n') })
  await expect(noise.session.changeUsb('1-1', true)).rejects.toEqual(refused('usb-protocol'))
  const silence = await opened({ behind: (stream) => void stream.destroy() })
  await expect(silence.session.changeUsb('1-1', true)).rejects.toMatchObject({ code: 'usb-gone', message: expect.stringContaining('cannot open it') })
  for (const { session, given, places } of [other, noise, silence]) {
    expect([session.state, places(), new Set(given)]).toEqual(['running', [], new Set(['1-1'])])
  }
})

it('a plan that no longer allows it takes it away at once, and so does a lease that restricts; one that allows it leaves it', async () => {
  const { session, said, places } = await opened()
  await session.changeUsb('1-1', true)
  await session.replan({ ...plan, usb: usb('allow') })
  expect(places()).toEqual(['1-1'])
  await session.replan({ ...plan, usb: usb('block', '5568') })
  expect([places(), said().at(-1)]).toEqual([[], ['usb-detached', '1-1', 'usb-refused']])
  await session.replan(plan)
  await session.changeUsb('1-1', true)
  session.enter('warned')
  expect(places()).toEqual(['1-1'])
  session.enter('restricted')
  await session.replan(plan)
  expect([places(), said().at(-1)]).toEqual([[], ['usb-detached', '1-1', 'usb-refused']])
  await expect(session.changeUsb('1-1', true)).rejects.toEqual(refused('usb-refused'))
})

it('one that is on its way in is out again once a plan that does not allow it is in force', async () => {
  const gate = Promise.withResolvers<void>()
  const begun = Promise.withResolvers<RedirFilter>()
  const { session, given, places } = await opened({
    attachUsb: async (filter) => {
      begun.resolve(filter)
      await gate.promise
    },
  })
  const attaching = session.changeUsb('1-1', true)
  const outcome = expect(attaching).rejects.toEqual(refused('usb-refused'))
  const filter = await begun.promise
  await session.replan({ ...plan, usb: usb('block') })
  expect(filter.isOver).toBe(true)
  gate.resolve()
  await outcome
  expect([places(), given]).toEqual([[], ['1-1']])
})

it('a machine without a controller, and a session that does not run, take none, by name', async () => {
  const { session } = await opened({ controller: false })
  await expect(session.changeUsb('1-1', true)).rejects.toEqual(refused('usb-unsupported'))
  await session.close('power-off')
  await expect(session.changeUsb('1-1', true)).rejects.toEqual(refused('usb-not-now'))
})

it('what the host has back when the session ends is everything', async () => {
  const { session, given } = await opened()
  await session.changeUsb('1-1', true)
  await session.close('power-off')
  expect(given).toEqual(['1-1'])
})
