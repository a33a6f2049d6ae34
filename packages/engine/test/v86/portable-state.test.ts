// SPDX-License-Identifier: Apache-2.0
//
// A state that goes on elsewhere: read where it was saved, opened as another machine over another disk.
import { randomBytes } from 'node:crypto'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import type { PortableStates } from '../../src/virtual-machine.ts'
import { chattyDisk } from '../boot-disk.ts'
import { serialOf, V86Fixture } from './v86-fixture.ts'

const patience = { timeout: 25_000 }
let fixture: V86Fixture
let portable: PortableStates

beforeAll(async () => {
  fixture = await V86Fixture.make()
  if (fixture.backend.portable === undefined) throw new Error('the states of v86 are portable')
  portable = fixture.backend.portable
})
afterAll(() => fixture.close())

/** Of a guest that has booted and writes to its serial port. */
async function savedState(): Promise<{ readonly bytes: Buffer; readonly machine: string }> {
  const spec = await fixture.spec(await fixture.disk(chattyDisk(100)))
  const vm = await fixture.open(spec)
  const serial = serialOf(vm)
  await vm.start()
  await vi.waitFor(() => expect(serial.text()).toContain('C'), patience)
  const file = { path: join(spec.runtimeFolder, 'suspended'), key: randomBytes(32), binding: 'test' }
  await vm.suspend(file)
  await expect(portable.read(file, { ...spec, memoryMiB: 32 })).rejects.toMatchObject({ code: 'state-mismatch' })
  const parts: Uint8Array[] = []
  for await (const part of await portable.read(file, spec)) parts.push(part)
  return { bytes: Buffer.concat(parts), machine: await portable.machineOf(spec) }
}

async function* inParts(bytes: Buffer, fault?: Error): AsyncGenerator<Uint8Array> {
  yield bytes.subarray(0, 1000)
  if (fault !== undefined) throw fault
  yield bytes.subarray(1000)
}

describe('a state of v86', () => {
  it('goes on as another machine of the same hardware, without its boot; one that breaks off makes no machine', async () => {
    const { bytes, machine } = await savedState()
    // No boot code, so that nothing but the state can write to the port.
    const disk = await fixture.disk(chattyDisk(100).fill(0, 0, 512))
    const spec = { ...(await fixture.spec(disk)), name: 'another' }
    expect(await portable.machineOf(spec)).toBe(machine)
    await expect(portable.open(spec, inParts(bytes, new Error('broke off')))).rejects.toThrow('broke off')
    const vm = await portable.open(spec, inParts(bytes))
    expect(vm.state).toBe('paused')
    const serial = serialOf(vm)
    await vm.resume()
    await vi.waitFor(() => expect(serial.text()).toContain('C'), patience)
    await vm.stop()
  })
})
