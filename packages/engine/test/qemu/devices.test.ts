// SPDX-License-Identifier: Apache-2.0
//
// Machines with every device, under a real QEMU: that it takes them, starts them, and what is done to them while the guest runs.
import { randomBytes } from 'node:crypto'
import { mkdtemp, rm } from 'node:fs/promises'
import { createServer, type Server } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { duplexPair } from 'node:stream'
import { afterAll, beforeAll, expect, it } from 'vitest'
import type { DeviceSpec } from '../../src/device-spec.ts'
import { createQemuBackend } from '../../src/qemu/backend.ts'
import { RedirFilter } from '../../src/usb/redir-filter.ts'
import type { DiskSpec, EngineBackend, VirtualMachine, VmSpec } from '../../src/virtual-machine.ts'
import { chattyDisk } from '../boot-disk.ts'
import { EmulatedStick, plainStick } from '../usb/emulated-stick.ts'
import { NbdHost } from './nbd-host.ts'
import { ideDisk, newSpec } from './new-spec.ts'

let root: string
let nbd: NbdHost
const opened: VirtualMachine[] = []
const links: Server[] = []
/** What was opened last. */
let last: { readonly spec: VmSpec; readonly backend: EngineBackend }

beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), 'cd-'))
  nbd = new NbdHost(root)
})
afterAll(async () => {
  await Promise.all(opened.map((vm) => vm.stop()))
  for (const link of links) link.close()
  await nbd.close()
  await rm(root, { recursive: true, force: true })
})

const everything: DeviceSpec = { balloon: true, drives: ['cd', 'floppy'], parallel: 'captured', watchdog: true, panic: true, agent: true }

/** Boots from the first disk, whose guest prints `C` for ever. */
async function started(controllers: readonly DiskSpec['controller'][], change: Partial<VmSpec>): Promise<VirtualMachine> {
  const disks = await Promise.all(
    controllers.map(async (controller) => ({ ...ideDisk({ kind: 'writable-nbd', nbd: await nbd.serve(chattyDisk(2048)) }, controller), controller })),
  )
  const folder = await mkdtemp(join(root, 'vm-'))
  links.push(createServer().listen(join(folder, 'link')))
  const network = { model: 'pcnet' as const, mac: '52:54:00:12:34:56', socket: join(folder, 'link') }
  const backend = createQemuBackend({ cacheFolder: join(root, 'cache') })
  const spec = { ...newSpec(folder, disks), memoryMiB: 64, network, ...change }
  const vm = await backend.open(spec)
  last = { spec, backend }
  opened.push(vm)
  const heard = new Promise<string>((resolve) => vm.on('serial', (bytes) => resolve(Buffer.from(bytes).toString('latin1'))))
  await vm.start()
  expect(await heard).toMatch(/^C/)
  return vm
}

it.each<[string, readonly DiskSpec['controller'][], Partial<VmSpec>]>([
  [
    'i440fx with UHCI, AC97 and a VMware screen',
    ['ide', 'sata', 'scsi', 'virtio'],
    { video: 'vmware', devices: { ...everything, usb: 'uhci', sound: 'ac97' } },
  ],
  [
    'i440fx with OHCI, Sound Blaster 16 and a named CPU',
    ['scsi', 'ide'],
    { cpuModel: 'Nehalem', devices: { ...everything, usb: 'ohci', sound: 'sb16' } },
  ],
  [
    'q35 with xHCI, HDA and a virtio screen',
    ['sata', 'scsi', 'virtio'],
    { chipset: 'q35', video: 'virtio', devices: { ...everything, usb: 'xhci', sound: 'hda' } },
  ],
  [
    'q35 with EHCI and two cores of two threads',
    ['virtio', 'sata'],
    { chipset: 'q35', cpus: 4, cpuTopology: { sockets: 1, cores: 2, threads: 2 }, devices: { ...everything, usb: 'ehci' } },
  ],
])('boots on %s', async (_name, controllers, change) => {
  const vm = await started(controllers, change)
  expect(await vm.devices?.memoryMiB()).toBe(64)
  expect(vm.devices?.agent).toBeDefined()
})

it('is suspended with a medium in its drive, and goes on with the drive empty', async () => {
  const medium = { sizeBytes: 2048 * 16, nbd: await nbd.serve(Buffer.alloc(2048 * 16, 7)) }
  const vm = await started(['ide'], { devices: { drives: ['cd'] } })
  await vm.devices?.insert('cd', medium)
  const file = { path: join(root, 'with-medium'), key: randomBytes(32), binding: 'devices' }
  await vm.suspend(file)
  const { spec, backend } = last
  const restored = await backend.open({ ...spec, runtimeFolder: await mkdtemp(join(root, 'vm-')) }, file)
  opened.push(restored)
  await restored.resume()
  await restored.devices?.insert('cd', medium)
  expect(restored.state).toBe('running')
})

it('goes back to a snapshot that was taken with a medium in its drive, which is empty then', async () => {
  const medium = { sizeBytes: 2048 * 16, nbd: await nbd.serve(Buffer.alloc(2048 * 16, 7)) }
  const vm = await started(['ide'], { devices: { drives: ['cd', 'floppy'] } })
  await vm.devices?.insert('cd', medium)
  const file = { path: join(root, 'kept-with-medium'), key: randomBytes(32), binding: 'devices' }
  await vm.snapshot(file, async () => undefined)
  expect(vm.state).toBe('running')
  await vm.stop()
  const { spec, backend } = last
  const restored = await backend.open({ ...spec, runtimeFolder: await mkdtemp(join(root, 'vm-')) }, file)
  opened.push(restored)
  const heard = new Promise<string>((resolve) => restored.on('serial', (bytes) => resolve(Buffer.from(bytes).toString('latin1'))))
  await restored.resume()
  expect(await heard).toMatch(/^C/)
  await restored.devices?.insert('cd', medium)
  expect(restored.state).toBe('running')
})

it('takes a USB device on a free port of its controller, without it where it is suspended or kept, and refuses one more than it has ports', async () => {
  const vm = await started(['ide'], { devices: { usb: 'uhci' } })
  await vm.pause()
  const stick = async () => {
    const [near, far] = duplexPair()
    new EmulatedStick(far, { ...plainStick, speed: 1 })
    return RedirFilter.open(near, () => true, 5000)
  }
  const admission = { vendor: '0781', product: '5567', classes: [], others: true }
  const first = await stick()
  await vm.devices?.attachUsb(first, admission)
  const second = await stick()
  await expect(vm.devices?.attachUsb(second, admission)).rejects.toMatchObject({ code: 'usb-rejected' })
  expect(second.isOver).toBe(true)
  await vm.resume()
  await vm.snapshot({ path: join(root, 'kept-with-usb'), key: randomBytes(32), binding: 'devices' }, async () => undefined)
  expect(await first.ended).toMatchObject({ code: 'usb-saved' })
  await vm.pause()
  const third = await stick()
  await vm.devices?.attachUsb(third, admission)
  const file = { path: join(root, 'with-usb'), key: randomBytes(32), binding: 'devices' }
  await vm.suspend(file)
  expect(await third.ended).toMatchObject({ code: 'usb-saved' })
  const { spec, backend } = last
  const restored = await backend.open({ ...spec, runtimeFolder: await mkdtemp(join(root, 'vm-')) }, file)
  opened.push(restored)
  await restored.devices?.attachUsb(await stick(), admission)
  await restored.resume()
  expect(restored.state).toBe('running')
})

it('QEMU itself refuses a USB device that it was not told of, and a machine without a controller takes none', async () => {
  const vm = await started(['ide'], { devices: { usb: 'xhci' } })
  await vm.pause()
  const stick = async () => {
    const [near, far] = duplexPair()
    new EmulatedStick(far, plainStick)
    return RedirFilter.open(near, () => true, 5000)
  }
  const named = { vendor: '0781', product: '5567', classes: [{ class: '08', allowed: true }], others: false }
  const kept = await stick()
  await vm.devices?.attachUsb(kept, named)
  const others = [await stick(), await stick()] as const
  await vm.devices?.attachUsb(others[0], { ...named, product: '5568' })
  await vm.devices?.attachUsb(others[1], { ...named, classes: [{ class: '08', allowed: false }] })
  // A machine that stands still hears of no device.
  await vm.resume()
  for (const other of others) expect(await other.ended).toMatchObject({ code: 'usb-rejected' })
  expect([kept.isOver, vm.state]).toEqual([false, 'running'])
  const bare = await started(['ide'], {})
  await expect(bare.devices?.attachUsb(await stick(), named)).rejects.toMatchObject({ code: 'capability-missing' })
})

it('changes the media of its drives while the guest runs, and refuses those that the machine does not have', async () => {
  const medium = { sizeBytes: 2048 * 16, nbd: await nbd.serve(Buffer.alloc(2048 * 16, 7)) }
  const vm = await started(['ide'], { devices: { drives: ['cd'] } })
  await vm.devices?.insert('cd', medium)
  await vm.devices?.insert('cd', medium)
  await vm.devices?.eject('cd')
  await vm.devices?.eject('cd')
  await expect(vm.devices?.insert('floppy', medium)).rejects.toMatchObject({ code: 'capability-missing' })
  await expect(vm.devices?.memoryMiB()).rejects.toMatchObject({ code: 'capability-missing' })
  expect(vm.state).toBe('running')
})
