// SPDX-License-Identifier: Apache-2.0
//
// The kinds of controllers, cards and buses that the two other machines do not have, each seen from inside.
import { afterAll, beforeAll, expect, it, vi } from 'vitest'
import { Machines } from './machine.ts'

let machines: Machines
beforeAll(async () => {
  machines = await Machines.ready()
})
afterAll(() => machines.end())

const patient = { timeout: 60_000, interval: 100 }

it('an i440fx started from an LSI SCSI disk has OHCI, a Sound Blaster 16 and an RTL8139', async () => {
  const network = await machines.network('rtl8139')
  const machine = await machines.boot(await machines.spec('scsi', { network, devices: { usb: 'ohci', sound: 'sb16' } }))
  await machine.sh('load disks usb')
  expect(await machine.sh('cat /sys/block/sda/size')).toBe(String((65 << 20) / 512))
  await vi.waitFor(async () => expect(await machine.sh('cat /sys/bus/usb/devices/*/product')).toContain('QEMU USB Tablet'), patient)
  expect(await machine.pci('00:07.0')).toBe('106b:003f')
  expect(await machine.pci('00:03.0')).toBe('10ec:8139')
  expect(await machine.lease()).toMatch(/^10\./)
  // No driver for ISA cards in a 64-bit kernel of Debian: its DSP answers a reset by 0xaa (Sound Blaster Series Hardware Programming Guide, 2-3).
  const out = (byte: string, port: number) => `printf '\\${byte}' | dd of=/dev/port bs=1 seek=${port} 2>/dev/null`
  const answer = await machine.sh(
    `${out('001', 0x226)}; usleep 1000; ${out('000', 0x226)}; usleep 1000; dd if=/dev/port bs=1 skip=${0x22a} count=1 2>/dev/null | od -An -tx1`,
  )
  expect(answer.trim()).toBe('aa')
})

it('a q35 started from a SATA disk has EHCI and an e1000, and of what was not named nothing', async () => {
  const network = await machines.network('e1000')
  const machine = await machines.boot(await machines.spec('sata', { chipset: 'q35', network, devices: { usb: 'ehci' } }))
  await machine.sh('load disks usb cd floppy balloon watchdog hda')
  expect(await machine.sh('cat /sys/block/sda/size')).toBe(String((65 << 20) / 512))
  await vi.waitFor(async () => expect(await machine.sh('cat /sys/bus/usb/devices/*/product')).toContain('QEMU USB Tablet'), patient)
  expect(await machine.pci('00:07.0')).toBe('8086:24cd')
  expect(await machine.pci('00:03.0')).toBe('8086:100e')
  expect(await machine.lease()).toMatch(/^10\./)
  const absent = ['/dev/fd0', '/dev/sr0', '/dev/tpm0', '/dev/watchdog0', '/dev/lp0', '/proc/asound/card0', '/sys/firmware/efi']
  expect(await machine.sh(`for path in ${absent.join(' ')}; do [ -e $path ] && echo $path; done; true`)).toBe('')
})
