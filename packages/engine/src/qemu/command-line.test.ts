// SPDX-License-Identifier: Apache-2.0
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { cpuModels, type DeviceSpec, deviceChoices } from '../device-spec.ts'
import type { DiskSpec, VmSpec } from '../virtual-machine.ts'
import { checkSpec } from './check-spec.ts'
import { type LaunchChoice, qemuArguments } from './command-line.ts'

const key = Uint8Array.from({ length: 32 }, (_, index) => 0x41 + index)
const overlay = (name: string, own: boolean): DiskSpec['storage'] => ({
  kind: 'luks-overlay',
  base: own ? null : { socket: `/host/${name}.sock`, name },
  file: `/host/${name}.qcow2`,
  key,
})
const small: VmSpec = {
  name: 'desk',
  firmware: 'bios',
  chipset: 'i440fx',
  cpus: 1,
  memoryMiB: 512,
  disks: [{ name: 'system', sizeBytes: 1 << 30, controller: 'ide', storage: overlay('system', false) }],
  video: 'std',
  serial: 'none',
  network: 'none',
  runtimeFolder: '/host/run',
}
const large: VmSpec = {
  ...small,
  cpus: 4,
  memoryMiB: 4096,
  disks: [
    ...small.disks,
    { name: 'user', sizeBytes: 1 << 30, controller: 'virtio', storage: overlay('user', true) },
    {
      name: 'more',
      sizeBytes: 1 << 30,
      controller: 'ide',
      storage: { kind: 'writable-nbd', nbd: { socket: '/host/more.sock', name: 'more,driver=file' } },
    },
  ],
  serial: 'captured',
  network: { model: 'e1000', mac: '52:54:00:12:34:56', socket: '/host/net.sock' },
}
const fullDevices: DeviceSpec = {
  balloon: true,
  usb: 'uhci',
  drives: ['cd', 'floppy'],
  parallel: 'captured',
  sound: 'ac97',
  watchdog: true,
  panic: true,
  agent: true,
}
const onEach = (...controllers: readonly DiskSpec['controller'][]): readonly DiskSpec[] =>
  controllers.map((controller) => ({ name: controller, sizeBytes: 1 << 30, controller, storage: overlay(controller, false) }))
const oldComputer: VmSpec = {
  ...large,
  disks: onEach('ide', 'sata', 'scsi', 'virtio'),
  cpuModel: 'Nehalem',
  cpuTopology: { sockets: 2, cores: 2, threads: 1 },
  video: 'vmware',
  network: { model: 'pcnet', mac: '52:54:00:12:34:56', socket: '/host/net.sock' },
  devices: fullDevices,
}
const newComputer: VmSpec = {
  ...oldComputer,
  chipset: 'q35',
  disks: onEach('sata', 'scsi', 'virtio'),
  cpuModel: undefined,
  cpuTopology: { sockets: 1, cores: 2, threads: 2 },
  video: 'virtio',
  devices: { ...fullDevices, usb: 'xhci', sound: 'hda' },
}
const secured: VmSpec = {
  ...newComputer,
  firmware: { kind: 'uefi', variables: { kind: 'luks-overlay', base: null, file: '/host/variables.qcow2', key } },
  devices: { tpm: { folder: '/host/tpm', key } },
}
const plain: LaunchChoice = { accelerator: 'tcg', restoring: false }

describe('the QEMU command line', () => {
  it.each<[string, VmSpec, LaunchChoice]>([
    ['small', small, plain],
    ['large', large, plain],
    ['restoring', small, { accelerator: 'tcg', restoring: true }],
    ['kvm', small, { accelerator: 'kvm', restoring: false }],
    ['medium', { ...large, medium: { sizeBytes: 4096, nbd: { socket: '/host/medium.sock', name: 'customization' } } }, plain],
    ['i440fx-full', oldComputer, plain],
    ['q35-full', newComputer, plain],
    ['uefi-tpm', secured, plain],
    ['virtio-network', { ...small, network: { model: 'virtio', mac: '52:54:00:12:34:56', socket: '/host/net.sock' } }, plain],
  ])('is as test/golden/qemu-%s.txt says', async (name, spec, choice) => {
    await expect(`${qemuArguments(spec, choice).join('\n')}\n`).toMatchFileSnapshot(`../../test/golden/qemu-${name}.txt`)
  })

  it('never carries a secret, a host path, a listener, a program or a network of its own, whatever the spec', () => {
    fc.assert(
      fc.property(anySpec, fc.constantFrom<LaunchChoice>(plain, { accelerator: 'kvm', restoring: true }), (spec, choice) => {
        checkSpec(spec)
        const args = qemuArguments(spec, choice)
        const line = args.join('\n')
        for (const never of neverSaid) expect(line).not.toMatch(never)
        for (const always of ['-S', '-nodefaults', '-no-user-config', '-sandbox']) expect(args.filter((arg) => arg === always)).toHaveLength(1)
        // What a caller chose is JSON or nothing: no option begins inside it.
        expect(args.filter((arg) => arg.startsWith('-')).every((arg) => knownOptions.has(arg))).toBe(true)
      }),
    )
  })

  it('stops the CPUs on every disk error instead of telling the guest', () => {
    const devices = qemuArguments(large, plain).filter((arg) => arg.includes('"drive"'))
    expect(devices).toHaveLength(3)
    for (const device of devices) expect(JSON.parse(device)).toMatchObject({ rerror: 'stop', werror: 'stop' })
  })

  it('names the backing of every qcow2 itself', () => {
    const nodes = qemuArguments(large, plain).filter((arg) => arg.includes('"qcow2"'))
    expect(nodes.map((node) => JSON.parse(node).backing)).toEqual(['disk0-base', null])
  })
})

const neverSaid: readonly RegExp[] = [
  /-netdev\nuser|"type":"user"|\bhostfwd\b|\bguestfwd\b|\bsmb=/,
  /\btcp:|"inet"|\bhost=|\bwebsocket\b|\bipv4\b|0\.0\.0\.0|127\.0\.0\.1/,
  /\bexec:|\bfd:|\bscript=|\bdownscript=/,
  /\n-(monitor|daemonize|gdb|s|qmp|serial|parallel|drive|hd[a-d]|virtfs|fsdev|usbdevice|runas|chroot|pidfile|D|d)\n|stdio/,
  /\/host\/|\/dev\/|\/etc\/|\/proc\//,
  /"data":|password|ABCDEFGHIJKLMNOPQRSTUVWXYZ|QUJDREVGR0hJSktM|4142434445/i,
  /\bsnapshot=on|cache=unsafe|"no-flush":true|locking":"off/,
]
const knownOptions = new Set(
  '-name -no-user-config -nodefaults -S -sandbox -machine -cpu -smp -m -rtc -boot -msg -global -device -chardev -mon -display -vnc -object -blockdev -netdev -incoming -audiodev -action -tpmdev'.split(
    ' ',
  ),
)

const anyName = fc.stringMatching(/^[a-z0-9-]{1,32}$/)
const anyExport = fc.record({
  socket: fc.constantFrom('/host/a', '/host/b,server=on'),
  name: fc.string({ maxLength: 40 }).filter((name) => !neverSaid.some((never) => never.test(name))),
})
const anyStorage: fc.Arbitrary<DiskSpec['storage']> = fc.oneof(
  fc.record({
    kind: fc.constant('luks-overlay' as const),
    base: fc.option(anyExport),
    file: fc.constantFrom('/host/o', '/host/o,backing=x'),
    key: fc.constant(key),
  }),
  fc.record({ kind: fc.constant('writable-nbd' as const), nbd: anyExport }),
)
const anyDisk: fc.Arbitrary<DiskSpec> = fc.record({
  name: anyName,
  sizeBytes: fc.integer({ min: 1, max: 1 << 20 }).map((sectors) => sectors * 512),
  controller: fc.constantFrom('sata' as const, 'scsi' as const, 'virtio' as const),
  storage: anyStorage,
})
const anySpec: fc.Arbitrary<VmSpec> = fc.record({
  name: fc.stringMatching(/^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/).filter((name) => !neverSaid.some((never) => never.test(name))),
  firmware: fc.oneof(fc.constant('bios' as const), fc.record({ kind: fc.constant('uefi' as const), variables: anyStorage })),
  chipset: fc.constantFrom('i440fx' as const, 'q35' as const),
  cpus: fc.integer({ min: 1, max: 64 }),
  memoryMiB: fc.integer({ min: 16, max: 65_536 }),
  disks: fc.uniqueArray(anyDisk, { maxLength: 3, selector: (disk) => disk.name }),
  video: fc.constantFrom('std' as const, 'vmware' as const, 'virtio' as const),
  serial: fc.constantFrom('none' as const, 'captured' as const),
  network: fc.oneof(
    fc.constant('none' as const),
    fc.record({
      model: fc.constantFrom('e1000' as const, 'pcnet' as const, 'rtl8139' as const, 'ne2k_pci' as const, 'virtio' as const),
      mac: fc.constant('52:54:00:00:00:01'),
      socket: fc.constant('/host/net,x'),
    }),
  ),
  runtimeFolder: fc.constant('/host/run'),
  cpuModel: fc.option(fc.constantFrom(...cpuModels), { nil: undefined }),
  devices: fc.option(
    fc.record({
      balloon: fc.constantFrom(true as const, undefined),
      usb: fc.constantFrom(...deviceChoices.usb, undefined),
      drives: fc.uniqueArray(fc.constantFrom(...deviceChoices.drives)),
      parallel: fc.constantFrom('captured' as const, undefined),
      sound: fc.constantFrom(...deviceChoices.sound, undefined),
      watchdog: fc.constantFrom(true as const, undefined),
      panic: fc.constantFrom(true as const, undefined),
      tpm: fc.option(fc.record({ folder: fc.constant('/host/tpm,x'), key: fc.constant(key) }), { nil: undefined }),
      agent: fc.constantFrom(true as const, undefined),
    }),
    { nil: undefined },
  ),
  medium: fc.option(fc.record({ sizeBytes: fc.constant(2048), nbd: anyExport }), { nil: undefined }),
})
