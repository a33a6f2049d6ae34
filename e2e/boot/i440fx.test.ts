// SPDX-License-Identifier: Apache-2.0
//
// What a guest sees, through its own drivers, of a machine with an i440fx, a BIOS and most of the older devices.
import { setTimeout as wait } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import { EngineError } from '../../packages/engine/src/error.ts'
import { type BootedMachine, Machines } from './machine.ts'

const sector = 512
const megabyte = 1 << 20
const patient = { timeout: 60_000, interval: 100 }

describe('an i440fx under BIOS', () => {
  let machines: Machines
  let machine: BootedMachine
  const disks = { sata: Buffer.alloc(megabyte, 'S'), scsi: Buffer.alloc(2 * megabyte, 'C'), virtio: Buffer.alloc(4 * megabyte, 'V') }

  beforeAll(async () => {
    machines = await Machines.ready()
    const more = await Promise.all(
      (['sata', 'scsi', 'virtio'] as const).map((controller) => machines.disk(controller, controller, disks[controller])),
    )
    machine = await machines.boot(
      await machines.spec('ide', {
        cpus: 2,
        cpuModel: 'Nehalem',
        cpuTopology: { sockets: 2, cores: 1, threads: 1 },
        video: 'vmware',
        disks: more,
        network: await machines.network('pcnet'),
        devices: {
          ...{ balloon: true, usb: 'uhci', drives: ['cd', 'floppy'], parallel: 'captured', sound: 'ac97', watchdog: true, panic: true },
        },
      }),
    )
  })
  afterAll(() => machines.end())

  it('is what it is called, with its screen and without a UEFI', async () => {
    expect(await machine.pci('00:00.0')).toBe('8086:1237')
    expect(await machine.pci('00:02.0')).toBe('15ad:0405')
    expect(await machine.sh('ls /sys/firmware')).not.toContain('efi')
    expect(await machine.sh('ls /sys/bus/acpi/drivers/vmgenid')).toContain('QEMUVGID:00')
  })

  it('has the processors that were named, each in a socket of its own', async () => {
    const found = await machine.sh('grep -E "^(model name|physical id|cpu cores)" /proc/cpuinfo | sed "s/\\t*: /:/"')
    expect(found.split('\n').sort()).toEqual([
      ...['cpu cores:1', 'cpu cores:1'],
      ...['model name:Intel Core i7 9xx (Nehalem Class Core i7)', 'model name:Intel Core i7 9xx (Nehalem Class Core i7)'],
      ...['physical id:0', 'physical id:1'],
    ])
  })

  it('reads and writes a disk on each controller', async () => {
    await machine.sh('load disks')
    const sizes = () => machine.sh('cd /sys/block; for d in sd* vd*; do echo $d $(cat $d/size); done')
    const all = [disks.sata, disks.scsi, disks.virtio].map((bytes) => expect.stringMatching(new RegExp(` ${bytes.length / sector}$`)))
    await vi.waitFor(async () => expect((await sizes()).split('\n')).toEqual(expect.arrayContaining(all)), patient)
    const blocks = (await sizes()).split('\n')
    const nameOf = (bytes: Buffer) => blocks.find((line) => line.split(' ')[1] === String(bytes.length / sector))?.split(' ')[0] ?? 'none'
    expect(await machine.pci('00:04.0')).toBe('1000:0012')
    expect(await machine.pci('00:05.0')).toBe('8086:2922')
    for (const [letter, bytes, path] of [
      ['S', disks.sata, /^sd[a-z]$/],
      ['C', disks.scsi, /^sd[a-z]$/],
      ['V', disks.virtio, /^vd[a-z]$/],
    ] as const) {
      const name = nameOf(bytes)
      expect(name).toMatch(path)
      expect(await machine.sh(`head -c 4 /dev/${name}`)).toBe(letter.repeat(4))
      await machine.sh(`printf seen-${letter} | dd of=/dev/${name} bs=512 seek=3 conv=fsync 2>/dev/null`)
      expect(bytes.toString('latin1', 3 * sector, 3 * sector + 6)).toBe(`seen-${letter}`)
    }
  })

  it('is given another medium while it runs, in either drive, and none', async () => {
    await machine.sh('load cd floppy')
    for (const [drive, device, bytes] of [
      ['cd', '/dev/sr0', 2048 * 32],
      ['floppy', '/dev/fd0', 1_474_560],
    ] as const) {
      const read = `dd if=${device} bs=2048 count=1 2>/dev/null | head -c 4`
      const failing = `if dd if=${device} of=/dev/null bs=2048 count=1 2>/dev/null; then echo read; else echo none; fi`
      expect(await machine.sh(failing)).toBe('none')
      for (const letter of ['1', '2']) {
        await machine.devices.insert(drive, { sizeBytes: bytes, nbd: await machines.nbd.serve(Buffer.alloc(bytes, letter)) })
        await vi.waitFor(async () => expect(await machine.sh(read)).toBe(letter.repeat(4)), patient)
      }
      expect(await machine.sh(`if printf x 2>/dev/null >${device}; then echo wrote; else echo kept; fi`)).toBe('kept')
      await machine.devices.eject(drive)
      await vi.waitFor(async () => expect(await machine.sh(failing)).toBe('none'), patient)
    }
  })

  it('finds the pointer on its USB, and the card that it hears itself by', async () => {
    await machine.sh('load usb ac97')
    await vi.waitFor(async () => expect(await machine.sh('cat /sys/bus/usb/devices/*/product')).toContain('QEMU USB Tablet'), patient)
    expect(await machine.pci('00:07.0')).toBe('8086:7020')
    expect(await machine.sh('cat /proc/asound/cards')).toContain('82801AA-ICH')
  })

  it('is heard on its serial and its parallel port', async () => {
    const [serial, parallel] = [machine.hears('serial'), machine.hears('parallel')]
    await machine.sh('load parallel; echo to-serial >/dev/ttyS0; echo to-parallel >/dev/lp0')
    await vi.waitFor(() => expect([serial(), parallel()]).toEqual([expect.stringContaining('to-serial'), 'to-parallel\n']), patient)
  })

  it('is given an address by the switch over its card', async () => {
    expect(await machine.lease()).toMatch(/^10\./)
    expect(await machine.pci('00:03.0')).toBe('1022:2000')
    expect(await machine.sh('cat /sys/class/net/eth0/address')).toBe('52:54:00:ab:cd:ef')
  })

  it('gives memory back when it is asked for it, and has it again', async () => {
    await machine.sh('load balloon')
    const total = async () => Number(/MemTotal: *(\d+)/.exec(await machine.sh('cat /proc/meminfo'))?.[1])
    const before = await total()
    await machine.devices.setMemoryTarget(192)
    await vi.waitFor(async () => expect(await total()).toBeLessThan(before - 60_000), patient)
    expect(await machine.devices.memoryMiB()).toBe(192)
    await machine.devices.setMemoryTarget(256)
    await vi.waitFor(async () => expect(await total()).toBe(before), patient)
  })

  it('answers for its system, its addresses and its clock', async () => {
    expect(await machine.agent.system()).toMatchObject({ kernel: expect.stringMatching(/^6\.1\./), machine: 'x86_64' })
    const card = (await machine.agent.interfaces()).find(({ mac }) => mac === '52:54:00:ab:cd:ef')
    expect(card).toMatchObject({ name: 'eth0' })
    const then = Date.UTC(2031, 4, 6)
    await machine.agent.setTime(then)
    expect(await machine.sh('date -u +%Y-%m-%d')).toBe('2031-05-06')
    expect(Math.abs((await machine.agent.time()) - then)).toBeLessThan(60_000)
  })

  it('holds back what it writes to a frozen file system, until it is thawed', async () => {
    await machine.sh('load files disks; mke2fs /dev/vda >/dev/null 2>&1; mount -t ext4 /dev/vda /mnt')
    const write = 'read asked rest </proc/uptime; echo text >>/mnt/file; read done rest </proc/uptime; echo $asked $done'
    const waited = async (during: () => Promise<void>) => {
      await machine.sh(`(usleep 500000; ${write} >/run/times) >/dev/null 2>&1 &`)
      await during()
      const times = await machine.sh('while [ ! -s /run/times ]; do usleep 100000; done; cat /run/times; rm /run/times')
      const [asked = 0, done = 0] = times.split(' ').map(Number)
      return done - asked
    }
    expect(await waited(() => machine.agent.whileFrozen(() => wait(4000)))).toBeGreaterThan(2)
    expect(await waited(() => wait(4000))).toBeLessThan(2)
    expect(await machine.sh('cat /mnt/file; umount /mnt')).toBe('text\ntext')
  })

  it('tells when it no longer feeds its watchdog, and not while it does', async () => {
    let bites = 0
    machine.vm.on('watchdog', () => {
      bites += 1
    })
    await machine.sh(
      'load watchdog; (for i in 1 2 3 4 5 6 7 8 9 10; do echo . >&3; usleep 500000; done; sleep 30) 3>/dev/watchdog0 >/dev/null 2>&1 & sleep 5',
    )
    expect(bites).toBe(0)
    await vi.waitFor(() => expect(bites).toBeGreaterThan(0), patient)
    expect(machine.vm.state).toBe('running')
  })

  it('says so when its kernel panics', async () => {
    await machine.sh('load panic')
    const panicked = new Promise<void>((resolve) => machine.vm.on('panicked', resolve))
    await machine.sh('(usleep 300000; echo c >/proc/sysrq-trigger) >/dev/null 2>&1 &')
    await panicked
    await expect(machine.agent.ping()).rejects.toBeInstanceOf(EngineError)
    expect(machine.vm.state).toBe('running')
  })
})
