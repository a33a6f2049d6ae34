// SPDX-License-Identifier: Apache-2.0
//
// Emulated sticks that a guest is given as a session gives it those of the host, over real sockets, and what of them the guest sees. Each try to get
// past the rules has a twin that goes through under rules that allow it.
import { once } from 'node:events'
import { createConnection, createServer } from 'node:net'
import { join } from 'node:path'
import { expect, vi } from 'vitest'
import { UsbDevices } from '../../apps/client-runtime/session-host/usb/usb-devices.ts'
import { hexOf } from '../../packages/engine/src/usb/identity.ts'
import { EmulatedStick, plainStick, type StickTraits } from '../../packages/engine/test/usb/emulated-stick.ts'
import type { UsbSetting, UsbTable } from '../../packages/policy/src/model/usb-rules.ts'
import type { BootedMachine } from './machine.ts'

const patient = { timeout: 60_000, interval: 200 }
const table = (general: UsbTable['general'], more: Partial<UsbTable> = {}): UsbTable => ({ general, classes: [], devices: [], ...more })
const allowed = { vendor: '0781', product: '5567', action: 'allow' } as const
const listed: UsbSetting = { tables: [table('block', { devices: [allowed] })] }
/** The device is named by one table; another one has no input devices. */
const withoutInput: UsbSetting = { tables: [table('allow', { classes: [{ class: '03', action: 'block' }] }), ...listed.tables] }
const everything: UsbSetting = { tables: [table('allow')] }

export class PluggedUsb {
  readonly events: { readonly type: string; readonly data: object }[] = []
  readonly #machine: BootedMachine
  readonly #devices: UsbDevices
  #stick: { readonly traits: StickTraits; readonly socket: string } | undefined
  #emulated: EmulatedStick | undefined
  readonly #folder: string
  #count = 0

  private constructor(machine: BootedMachine, folder: string) {
    this.#machine = machine
    this.#folder = folder
    const host = { list: async () => this.#list(), take: async () => this.#take() }
    this.#devices = new UsbDevices(machine.devices, host, { add: (type, data = {}) => void this.events.push({ type, data }) })
  }

  static async ready(machine: BootedMachine, folder: string): Promise<PluggedUsb> {
    await machine.sh('load usb stick')
    return new PluggedUsb(machine, folder)
  }

  /** Under rules that allow it, and seen by the guest. */
  async attach(traits: StickTraits, rules = everything): Promise<void> {
    await this.#try(traits, rules)
    await this.sees(traits)
  }

  /** The guest has this stick and no other; null: none. */
  async sees(traits: StickTraits | null): Promise<void> {
    const read =
      "cd /sys/bus/usb/devices; for d in *-*; do [ -e $d/idVendor ] && grep -qv 'QEMU USB Tablet' $d/product && echo $(cat $d/idVendor $d/idProduct $d/*:*/bInterfaceClass); done; true"
    const expected = traits === null ? '' : [hexOf(traits.vendor, 4), hexOf(traits.product, 4), hexOf(traits.class, 2)].join(' ')
    await vi.waitFor(async () => expect(await this.#machine.sh(read)).toBe(expected), patient)
  }

  async tries(): Promise<void> {
    const { hidden, lying, becoming, camera } = {
      hidden: { ...plainStick, hidden: 3 },
      lying: { ...plainStick, describedProduct: 0x1234 },
      becoming: { ...plainStick, configuredClass: 3 },
      camera: { ...plainStick, class: 0x0e },
    }
    // Not on the list; then it is, and a driver of the guest reads it.
    await expect(this.#try(plainStick, { tables: [table('block', { devices: [{ ...allowed, product: '5568' }] })] })).rejects.toMatchObject({
      code: 'usb-refused',
    })
    await this.sees(null)
    await this.attach(plainStick, listed)
    const firstSectors =
      'for b in /sys/block/sd*; do readlink -f $b | grep -q /usb && dd if=/dev/$(basename $b) bs=512 count=2 skip=7 2>/dev/null | md5sum; done'
    const bytes = plainStick.disk.subarray(7 * 512, 9 * 512)
    await vi.waitFor(
      async () => expect(await this.#machine.sh(firstSectors)).toContain(await this.#machine.sh(`printf %s '${bytes.toString('latin1')}' | md5sum`)),
      patient,
    )
    // Rules that change take it away, though the guest reads from it.
    await this.#devices.enforce(withoutInput)
    await this.sees(plainStick)
    await this.#devices.enforce({ tables: [table('block', { classes: [{ class: '03', action: 'allow' }] })] })
    expect(this.events.at(-1)).toMatchObject({ type: 'usb-detached', data: { code: 'usb-refused' } })
    await this.sees(null)

    // An allowed product of a class that is not, before it is taken; then one that shows it in its packets alone.
    await expect(
      this.#try(camera, { tables: [table('allow', { classes: [{ class: '0e', action: 'block' }] }), ...listed.tables] }),
    ).rejects.toMatchObject({ code: 'usb-refused' })
    await this.attach(camera, withoutInput)
    await this.#gone()

    // One that changes: by its packets, by its descriptors, and by another one in its place.
    await this.#try(becoming, withoutInput)
    await this.#changed()
    await this.attach(becoming)
    await this.#gone()
    await this.#try(hidden, withoutInput)
    await this.#changed()
    await this.#try(hidden, everything)
    await vi.waitFor(async () => expect(await this.#machine.sh('cat /sys/bus/usb/devices/*:1.1/bInterfaceClass')).toBe('03'), patient)
    await this.#gone()
    await this.#try(lying, everything)
    await this.#changed()
    await this.attach(plainStick)
    this.#emulated?.announce({ ...plainStick, product: 0x1234 })
    await this.#changed()
    await this.sees(null)
    expect(this.events.filter(({ type }) => type === 'usb-refused')).toHaveLength(2)
    expect(this.#machine.vm.state).toBe('running')
  }

  async #try(traits: StickTraits, rules: UsbSetting): Promise<void> {
    this.#count += 1
    const socket = join(this.#folder, `s${this.#count}`)
    const server = createServer((stream) => {
      this.#emulated = new EmulatedStick(stream, traits)
      server.close()
    }).listen(socket)
    await once(server, 'listening')
    this.#stick = { traits, socket }
    await this.#devices.enforce(rules)
    try {
      await this.#devices.attach('1-1')
    } finally {
      server.close()
    }
  }

  /** What the guest has next it has alone. */
  async #changed(): Promise<void> {
    await vi.waitFor(() => expect(this.events.at(-1)).toMatchObject({ type: 'usb-detached', data: { code: 'usb-changed' } }), patient)
  }

  async #gone(): Promise<void> {
    expect(await this.#devices.detach('1-1')).toBe(true)
  }

  #list() {
    const { vendor, product, class: code } = this.#stick?.traits ?? plainStick
    const identity = { vendor: hexOf(vendor, 4), product: hexOf(product, 4), classes: [hexOf(code, 2)] }
    return [{ at: '1-1', bus: 1, address: 2, name: 'Casemate stick', ...identity }]
  }

  async #take() {
    const stream = createConnection(this.#stick?.socket ?? '')
    await once(stream, 'connect')
    return { stream, words: () => '', close: async () => void stream.destroy() }
  }
}
