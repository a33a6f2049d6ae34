// SPDX-License-Identifier: Apache-2.0
//
// USB devices of the host that the guest has, as far as the rules in force give them to it (PO-13). A device is judged by what the host's kernel says
// of it before it is taken from the host, by what it says itself before the guest sees it, and by all it says later; none waits for anybody.
import { EngineError } from '@casemate/engine/error'
import { inWords, RedirFilter, type UsbEnd } from '@casemate/engine/usb-filter'
import type { HostUsb, TakenDevice } from '@casemate/engine/usb-host'
import type { DeviceControl } from '@casemate/engine/virtual-machine'
import { noUsb, type UsbSetting, usbAllows } from '@casemate/policy/usb-rules'
import type { EventLog } from '../event-log.ts'
import { admissionOf } from './admission.ts'
import { UsbError, usbErrorCodes } from './error.ts'

/** Longer than any device needs to be taken from its drivers. */
const announceMs = 15_000

type Device = Awaited<ReturnType<HostUsb['list']>>[number]

interface Attached {
  readonly device: Device
  readonly filter: RedirFilter
  /** The host has it back. */
  readonly over: Promise<void>
  /** The guest has it. */
  isIn: boolean
}

export class UsbDevices {
  readonly #machine: Pick<DeviceControl, 'attachUsb'>
  readonly #host: Pick<HostUsb, 'list' | 'take'>
  readonly #events: Pick<EventLog, 'add'>
  readonly #attached = new Map<string, Attached>()
  readonly #listeners = new Set<() => void>()
  #rules: UsbSetting = noUsb
  #turn: Promise<unknown> = Promise.resolve()

  constructor(machine: Pick<DeviceControl, 'attachUsb'>, host: Pick<HostUsb, 'list' | 'take'>, events: Pick<EventLog, 'add'>) {
    this.#machine = machine
    this.#host = host
    this.#events = events
  }

  get list(): readonly { readonly at: string; readonly device: string; readonly name: string }[] {
    return [...this.#attached.values()]
      .filter(({ isIn }) => isIn)
      .map(({ device, filter }) => ({ at: device.at, device: inWords(filter.identity), name: device.name }))
  }

  onChange(listener: () => void): void {
    this.#listeners.add(listener)
  }

  /** In force at once: what they do not allow is out of the guest when this returns, and back with the host when it resolves. */
  async enforce(rules: UsbSetting): Promise<void> {
    this.#rules = rules
    const before = [...this.#attached.values()]
    for (const { filter } of before) filter.judgeAgain()
    await Promise.all(before.filter(({ filter }) => filter.isOver).map(({ over }) => over))
  }

  /**
   * @param wanted a place, `1-2.4`, or vendor and product, `0781:5567`, where one device has them
   * @throws UsbError; what was refused is in the events
   */
  attach(wanted: string): Promise<void> {
    return this.#inTurn(async () => {
      const device = await this.#find(wanted)
      if (this.#attached.has(device.at)) throw new UsbError('usb-in-use', `the USB device \`${device.at}\` is in this desktop already`)
      try {
        // Before the host's drivers have to let go of it.
        if (!usbAllows(this.#rules, device)) throw new UsbError('usb-refused', `the rules do not allow ${inWords(device)}`)
        await this.#plugIn(device, await this.#host.take(device))
      } catch (error) {
        const refused = asUsbError(error)
        this.#events.add('usb-refused', { at: device.at, device: inWords(device), code: refused.code })
        throw refused
      }
    })
  }

  /** @returns whether it was there */
  async detach(wanted: string): Promise<boolean> {
    const found = [...this.#attached.values()].find(({ device }) => device.at === wanted || `${device.vendor}:${device.product}` === wanted)
    found?.filter.end('usb-detached')
    await found?.over
    return found !== undefined
  }

  /** For a VM that is gone. */
  async close(): Promise<void> {
    await this.enforce(noUsb)
    await this.#inTurn(async () => undefined)
  }

  async #find(wanted: string): Promise<Device> {
    const devices = await this.#host.list().catch((error: unknown) => {
      throw asUsbError(error)
    })
    const fitting = devices.filter(({ at, vendor, product }) => at === wanted || `${vendor}:${product}` === wanted)
    const [device, other] = fitting
    if (device === undefined) throw new UsbError('usb-unknown', `this computer has no USB device \`${wanted}\``)
    if (other !== undefined) throw new UsbError('usb-unknown', `several USB devices are \`${wanted}\`: ${fitting.map(({ at }) => at).join(', ')}`)
    return device
  }

  async #plugIn(device: Device, taken: TakenDevice): Promise<void> {
    const filter = await RedirFilter.open(taken.stream, (identity) => usbAllows(this.#rules, identity), announceMs).catch(async (error: unknown) => {
      await taken.close()
      const words = taken.words()
      throw error instanceof EngineError && words !== '' ? new EngineError(error.code, `${error.message}: ${words}`, error) : error
    })
    const attached: Attached = { device, filter, isIn: false, over: filter.ended.then((end) => this.#end(attached, end, taken)) }
    this.#attached.set(device.at, attached)
    // From here on a change of the rules finds it; one of a moment ago is made up for.
    filter.judgeAgain()
    try {
      const { vendor, product } = filter.identity
      if (vendor !== device.vendor || product !== device.product)
        throw new UsbError('usb-changed', `the USB device \`${device.at}\` was ${inWords(device)}, and is ${inWords(filter.identity)} now`)
      await this.#machine.attachUsb(filter, admissionOf(this.#rules, filter.identity))
    } catch (error) {
      filter.end('usb-detached')
      await attached.over
      throw error
    }
    if (filter.isOver) {
      await attached.over
      const { code, message } = await filter.ended
      throw new EngineError(code === 'usb-detached' || code === 'usb-saved' ? 'usb-gone' : code, message)
    }
    attached.isIn = true
    this.#events.add('usb-attached', { at: device.at, device: inWords(filter.identity) })
    this.#changed()
  }

  async #end({ device, filter, isIn }: Attached, { code, message }: UsbEnd, taken: TakenDevice): Promise<void> {
    this.#attached.delete(device.at)
    if (isIn) this.#events.add('usb-detached', { at: device.at, device: inWords(filter.identity), code, detail: message })
    this.#changed()
    await taken.close()
  }

  #changed(): void {
    for (const listener of this.#listeners) listener()
  }

  #inTurn<T>(act: () => Promise<T>): Promise<T> {
    const done = this.#turn.then(act)
    this.#turn = done.catch(() => undefined)
    return done
  }
}

function asUsbError(error: unknown): UsbError {
  if (error instanceof UsbError) return error
  const code = error instanceof EngineError ? usbErrorCodes.find((known) => known === error.code) : undefined
  const message = error instanceof Error ? error.message : String(error)
  return new UsbError(code ?? 'usb-gone', message, error)
}
