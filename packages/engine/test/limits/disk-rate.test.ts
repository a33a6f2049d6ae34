// SPDX-License-Identifier: Apache-2.0
//
// Machines whose guest reads 4 KiB of each of its two disks in turn, as fast as it can, and what they get, by the engine's own count.
import { randomBytes } from 'node:crypto'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest'
import { createQemuBackend } from '../../src/qemu/backend.ts'
import { createV86Backend } from '../../src/v86/backend.ts'
import type { EngineBackend, VirtualMachine } from '../../src/virtual-machine.ts'
import { diskBytes, twoDiskReader } from '../boot-disk.ts'
import { NbdHost } from '../qemu/nbd-host.ts'
import { ideDisk, newSpec } from '../qemu/new-spec.ts'

const limitKiB = 4
/** What a bucket holds and what is under way when the clock starts. */
const slackBytes = 8192

let root: string
let nbd: NbdHost
const opened: VirtualMachine[] = []

beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), 'cm-'))
  nbd = new NbdHost(root)
})
afterEach(async () => {
  for (const vm of opened.splice(0)) await vm.stop()
})
afterAll(async () => {
  await nbd.close()
  await rm(root, { recursive: true })
})

/** Of both disks. */
async function readBytes(vm: VirtualMachine): Promise<number> {
  const { disks } = await vm.stats()
  return disks?.reduce((sum, disk) => sum + disk.readBytes, 0) ?? Number.NaN
}

/** Bytes read, and the seconds that it can have had for them. */
async function during(vm: VirtualMachine, milliseconds: number): Promise<{ readonly bytes: number; readonly seconds: number }> {
  const from = performance.now()
  const before = await readBytes(vm)
  await wait(milliseconds)
  return { bytes: (await readBytes(vm)) - before, seconds: (performance.now() - from) / 1000 }
}

describe.each<[string, () => EngineBackend]>([
  ['qemu', () => createQemuBackend({ cacheFolder: join(root, 'cache') })],
  ['v86', () => createV86Backend()],
])('a guest of %s', (_name, backend) => {
  it('reads no more of all its disks than their rate, several times as much at once when that is lifted, and is not starved by it', async () => {
    const images = [twoDiskReader(), Buffer.alloc(diskBytes)]
    const disks = await Promise.all(
      images.map(async (image, index) => ideDisk({ kind: 'writable-nbd', nbd: await nbd.serve(image) }, `disk-${index}`)),
    )
    const spec = newSpec(await mkdtemp(join(root, 'vm-')), disks)
    const vm = await backend().open(spec)
    opened.push(vm)
    await vm.start()
    const bothRead = async () => expect((await vm.stats()).disks?.every((disk) => disk.readOperations > 1)).toBe(true)
    await vi.waitFor(bothRead, { timeout: 60_000, interval: 100 })
    await vm.setDiskRate(limitKiB)
    const held = await during(vm, 3000)
    await vm.setDiskRate(null)
    const free = await during(vm, 2000)
    await vm.setDiskRate(limitKiB)
    const again = await during(vm, 1000)
    expect(held.bytes).toBeGreaterThan(0)
    for (const { bytes, seconds } of [held, again]) expect(bytes).toBeLessThanOrEqual(seconds * limitKiB * 1024 + slackBytes)
    expect(free.bytes / free.seconds).toBeGreaterThan((3 * held.bytes) / held.seconds)
    expect(vm.state).toBe('running')
    // What waits for its turn is let through.
    await vm.setDiskRate(1)
    await vm.suspend({ path: join(root, `${spec.name}.state`), key: randomBytes(32), binding: 'rate' })
    expect(vm.state).toBe('suspended')
  })
})
