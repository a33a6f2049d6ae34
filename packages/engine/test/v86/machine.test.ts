// SPDX-License-Identifier: Apache-2.0
import { randomBytes } from 'node:crypto'
import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import { createV86Backend } from '../../src/v86/backend.ts'
import { chattyDisk } from '../boot-disk.ts'
import { absolutePointerDisk, deadHaltDisk, dmaWriteDisk, echoDisk, graphicsDisk, pioWriteDisk, pm1Disk } from './boot-code.ts'
import { RfbProbe } from './rfb-probe.ts'
import { serialOf, starvation, V86Fixture } from './v86-fixture.ts'

const patience = { timeout: 25_000 }
let fixture: V86Fixture

beforeAll(async () => {
  fixture = await V86Fixture.make()
})
afterAll(() => fixture.close())

describe('a v86 machine', () => {
  it('shows its text screen over RFB', async () => {
    const vm = await fixture.open(await fixture.spec(await fixture.disk(chattyDisk(100))))
    const serial = serialOf(vm)
    await vm.start()
    await vi.waitFor(() => expect(serial.text()).toContain('C'), patience)
    const probe = await RfbProbe.open(vm.displaySocket)
    probe.encodings(6, -223)
    probe.request(false)
    await probe.update()
    expect([probe.width, probe.height, probe.name]).toEqual([720, 400, 'test'])
    const cell = Array.from({ length: 16 * 9 }, (_, dot) =>
      probe
        .pixel(dot % 9, Math.floor(dot / 9))
        .subarray(0, 3)
        .toString('hex'),
    )
    expect(new Set(cell)).toEqual(new Set(['0000a8', 'ffffff']))
    probe.close()
    await vm.stop()
  })

  it.each([
    ['VGA mode 13h', { ax: 0x13, bx: 0 }, 320, 200, 'a80000', 'a80000'],
    ['VBE mode 143h', { ax: 0x4f02, bx: 0x143 }, 800, 600, '040404', '000000'],
  ])('shows graphics of %s, changing the size of the picture', async (_name, mode, width, height, first, last) => {
    const vm = await fixture.open(await fixture.spec(await fixture.disk(graphicsDisk(mode))))
    const probe = await RfbProbe.open(vm.displaySocket)
    probe.encodings(6, -223)
    const serial = serialOf(vm)
    await vm.start()
    await vi.waitFor(() => expect(serial.text()).toBe('B'), patience)
    const colour = (x: number, y: number) => probe.pixel(x, y).subarray(0, 3).toString('hex')
    do {
      probe.request(true)
      await probe.update()
    } while (probe.width !== width || colour(0, 0) !== first)
    expect([probe.width, probe.height, colour(width - 1, height - 1)]).toEqual([width, height, last])
    probe.close()
    await vm.stop()
  })

  it('takes keys by scan code and by keysym', async () => {
    const vm = await fixture.open(await fixture.spec(await fixture.disk(echoDisk())))
    const serial = serialOf(vm)
    await vm.start()
    await vi.waitFor(() => expect(serial.text()).toBe('B'), patience)
    const probe = await RfbProbe.open(vm.displaySocket)
    for (const down of [1, 0]) probe.socket.write(Buffer.from([255, 0, 0, down, 0, 0, 0, 0x71, 0, 0, 0, 0x1e]))
    await vi.waitFor(() => expect(serial.text()).toBe('Ba'), patience)
    for (const down of [1, 0]) probe.socket.write(Buffer.from([4, down, 0, 0, 0, 0, 0, 0x71]))
    await vi.waitFor(() => expect(serial.text()).toBe('Baq'), patience)
    probe.close()
    await vm.stop()
  })

  it('gives positions to a guest that asked for absolute ones', async () => {
    const vm = await fixture.open(await fixture.spec(await fixture.disk(absolutePointerDisk())))
    const serial = serialOf(vm)
    await vm.start()
    await vi.waitFor(() => expect(serial.text()).toBe('B'), patience)
    const probe = await RfbProbe.open(vm.displaySocket)
    for (const [x, y] of [
      [719, 0],
      [0, 399],
    ] as const) {
      probe.socket.write(Buffer.from([5, 0, x >> 8, x & 255, y >> 8, y & 255]))
    }
    await vi.waitFor(() => expect(Buffer.from(serial.text(), 'latin1').subarray(-2)).toEqual(Buffer.from([0x00, 0xff])), patience)
    probe.close()
    await vm.stop()
  })

  it('boots again after a reset', async () => {
    const vm = await fixture.open(await fixture.spec(await fixture.disk(echoDisk())))
    const serial = serialOf(vm)
    await vm.start()
    await vi.waitFor(() => expect(serial.text()).toBe('B'), patience)
    await vm.reset()
    await vi.waitFor(() => expect(serial.text()).toBe('BB'), patience)
    await vm.stop()
  })

  it('ends when its guest switches it off by ACPI, and does not for another sleep state', async () => {
    const off = await fixture.open(await fixture.spec(await fixture.disk(pm1Disk(0x2001))))
    await off.start()
    expect(await off.exited).toEqual({ state: 'stopped', message: 'the guest powered itself off (ACPI)' })
    expect(off.state).toBe('stopped')
    const asleep = await fixture.open(await fixture.spec(await fixture.disk(pm1Disk(0x2401))))
    const serial = serialOf(asleep)
    await asleep.start()
    await vi.waitFor(() => expect(serial.text()).toBe('BA'), patience)
    expect(asleep.state).toBe('running')
    await asleep.stop()
  })

  it('ends when its guest halts for good', async () => {
    const vm = await fixture.open(await fixture.spec(await fixture.disk(deadHaltDisk())))
    await vm.start()
    expect(await vm.exited).toEqual({ state: 'stopped', message: 'the guest halted for good' })
  })
})

describe('a disk', () => {
  it.each([
    ['DMA', dmaWriteDisk(777)],
    ['PIO', pioWriteDisk(777)],
  ])('answers a write by %s only once it is flushed', async (_way, image) => {
    const flushed = Promise.withResolvers<'answer'>()
    const disk = await fixture.disk(Buffer.from(image), { rule: ({ type }) => (type === 'flush' ? flushed.promise : 'answer') })
    const vm = await fixture.open(await fixture.spec(disk))
    const serial = serialOf(vm)
    await vm.start()
    await vi.waitFor(() => expect(disk.seen.at(-1)?.type).toBe('flush'), patience)
    expect(disk.image.subarray(777 * 512, 778 * 512).every((byte) => byte === 0x57)).toBe(true)
    // Another turn of the guest: it goes on polling its drive and has printed nothing.
    const probe = await RfbProbe.open(vm.displaySocket)
    probe.request(false)
    await probe.update()
    expect(serial.text()).toBe('')
    flushed.resolve('answer')
    await vi.waitFor(() => expect(serial.text()).toBe('W'), patience)
    probe.close()
    await vm.stop()
  })

  it.each([
    ['DMA', dmaWriteDisk(777)],
    ['PIO', pioWriteDisk(777)],
  ])('whose write by %s fails starves the machine; the write is done after resume', async (_way, image) => {
    const disk = await fixture.disk(Buffer.from(image), { rule: ({ type }) => (type === 'write' ? 'fail' : 'answer') })
    const vm = await fixture.open(await fixture.spec(disk))
    const serial = serialOf(vm)
    const starved = starvation(vm)
    await vm.start()
    expect(await starved).toBe('system')
    expect([vm.state, serial.text()]).toEqual(['starved', ''])
    disk.rule = () => 'answer'
    await vm.resume()
    await vi.waitFor(() => expect(serial.text()).toBe('W'), patience)
    expect(disk.image[777 * 512]).toBe(0x57)
    await vm.stop()
  })

  it('that fails again after resume starves it again', async () => {
    const disk = await fixture.disk(chattyDisk(100), { rule: ({ offset }) => (offset === 100 * 512 ? 'fail' : 'answer') })
    const vm = await fixture.open(await fixture.spec(disk))
    const states: string[] = []
    vm.on('state', (state) => states.push(state))
    await vm.start()
    await vi.waitFor(() => expect(vm.state).toBe('starved'), patience)
    await vm.resume()
    await vi.waitFor(() => expect(states).toEqual(['running', 'starved', 'running', 'starved']), patience)
    disk.rule = () => 'answer'
    const serial = serialOf(vm)
    await vm.resume()
    await vi.waitFor(() => expect(serial.text()).toContain('C'), patience)
    expect(serial.text()).not.toContain('E')
    await vm.stop()
  })

  it('that withholds its answer starves the machine before its guest would give up, and the late answer is good', async () => {
    const late = Promise.withResolvers<'answer'>()
    const disk = await fixture.disk(chattyDisk(100), { rule: ({ offset }) => (offset === 100 * 512 ? late.promise : 'answer') })
    const vm = await fixture.open(await fixture.spec(disk))
    const serial = serialOf(vm)
    const starved = starvation(vm)
    await vm.start()
    expect(await starved).toBe('system')
    expect(vm.state).toBe('starved')
    late.resolve('answer')
    await vm.resume()
    await vi.waitFor(() => expect(serial.text()).toContain('C'), patience)
    expect(serial.text()).not.toContain('E')
    await vm.stop()
  })

  it('whose server ends starves the machine, which connects again on resume', async () => {
    const disk = await fixture.disk(chattyDisk(100))
    const vm = await fixture.open(await fixture.spec(disk))
    const serial = serialOf(vm)
    const starved = starvation(vm)
    await vm.start()
    await vi.waitFor(() => expect(serial.text()).toContain('C'), patience)
    disk.disconnect()
    expect(await starved).toBe('system')
    const before = serial.text().length
    await vm.resume()
    await vi.waitFor(() => expect(serial.text().length).toBeGreaterThan(before), patience)
    expect(serial.text()).not.toContain('E')
    await vm.stop()
  })

  it.each([
    ['read', 'read', chattyDisk(100), 'C'],
    ['write by DMA', 'write', dmaWriteDisk(777), 'W'],
    ['write by PIO', 'write', pioWriteDisk(777), 'W'],
  ] as const)('is asked again for a %s that a machine was suspended in', async (_name, type, image, result) => {
    const disk = await fixture.disk(Buffer.from(image), {
      rule: (request) => (request.type === type && request.offset >= 100 * 512 ? 'fail' : 'answer'),
    })
    const spec = await fixture.spec(disk)
    const vm = await fixture.open(spec)
    const starved = starvation(vm)
    await vm.start()
    await starved
    const file = { path: join(spec.runtimeFolder, 'suspended'), key: randomBytes(32), binding: 'test' }
    await vm.suspend(file)
    disk.rule = () => 'answer'
    const restored = await fixture.open(spec, file)
    expect(restored.state).toBe('paused')
    const serial = serialOf(restored)
    await restored.resume()
    await vi.waitFor(() => expect(serial.text()).toContain(result), patience)
    expect(serial.text()).not.toContain('E')
    await restored.stop()
  })
})

describe('opening a machine', () => {
  it.each<[string, string, (spec: Awaited<ReturnType<V86Fixture['spec']>>) => typeof spec]>([
    ['two CPUs', 'capability-missing', (spec) => ({ ...spec, cpus: 2 })],
    ['too little memory', 'spec-invalid', (spec) => ({ ...spec, memoryMiB: 8 })],
    ['too much memory', 'spec-invalid', (spec) => ({ ...spec, memoryMiB: 4096 })],
    ['three disks', 'spec-invalid', (spec) => ({ ...spec, disks: ['a', 'b', 'c'].flatMap((name) => spec.disks.map((disk) => ({ ...disk, name }))) })],
    [
      'a disk of another size',
      'nbd-protocol',
      (spec) => ({ ...spec, disks: spec.disks.map((disk) => ({ ...disk, sizeBytes: disk.sizeBytes * 2 })) }),
    ],
    ['a runtime folder too long for a socket', 'spec-invalid', (spec) => ({ ...spec, runtimeFolder: `/${'x'.repeat(100)}` })],
    [
      'a disk that nobody serves',
      'nbd-closed',
      (spec) => ({
        ...spec,
        disks: spec.disks.map((disk) => ({ ...disk, storage: { kind: 'writable-nbd', nbd: { socket: '/nobody.sock', name: 'x' } } })),
      }),
    ],
    [
      'a network that nobody serves',
      'network-closed',
      (spec) => ({ ...spec, network: { model: 'ne2k_pci', mac: '52:54:00:12:34:56', socket: '/nobody.sock' } }),
    ],
  ])('is refused for %s, leaves nothing behind, and works without', async (_name, code, change) => {
    const spec = await fixture.spec(await fixture.disk(echoDisk()))
    await expect(fixture.open(change(spec))).rejects.toMatchObject({ code })
    expect(await readdir(spec.runtimeFolder)).toEqual([])
    await (await fixture.open(spec)).stop()
  })

  it('is refused for a read-only disk', async () => {
    const spec = await fixture.spec(await fixture.disk(echoDisk(), { readOnly: true }))
    await expect(fixture.open(spec)).rejects.toMatchObject({ code: 'nbd-protocol', message: expect.stringContaining('read-only') })
  })

  it('names the Debian package that brings missing firmware', async () => {
    const backend = createV86Backend({ firmwareFolder: fixture.root })
    const spec = await fixture.spec(await fixture.disk(echoDisk()))
    await expect(backend.open(spec)).rejects.toMatchObject({ code: 'firmware-missing', message: expect.stringContaining('`seabios`') })
    expect(await backend.probe()).toMatchObject({ available: false, code: 'firmware-missing' })
    expect(await fixture.backend.probe()).toMatchObject({ available: true, version: expect.stringMatching(/^0\.5\.462/) })
  })
})
