// SPDX-License-Identifier: Apache-2.0
//
// Stands between where a USB device comes from and the machine. It greets both sides itself; the machine hears of a device only after the device
// was judged, and whatever the device says of itself later (other interfaces, another descriptor) is judged before it goes on. Bytes of either side
// that are not the protocol end it. It knows no policy: it asks.
import type { Duplex } from 'node:stream'
import { EngineError } from '../error.ts'
import { announced, described, interfaceClasses, type UsbIdentity } from './identity.ts'
import { askedDescriptor, OpenTransfers, transferData } from './transfer.ts'
import {
  capabilitiesOfHello,
  encodePacket,
  helloPacket,
  type Packet,
  PacketReader,
  packet,
  protocolFault,
  rejecting,
  type Side,
  sharedCapabilities,
} from './wire.ts'

/** Whether a device may be in the machine, by the rules of this moment. Asked again whenever it shows more of itself. */
export type UsbJudge = (identity: UsbIdentity) => boolean

/**
 * Why a device is no longer there. `usb-refused`: the rules do not allow it; `usb-changed`: they do not allow what it has become;
 * `usb-rejected`: the machine's controller does not take it; `usb-gone`: it was unplugged, or what gives it has ended; `usb-saved`: the machine's
 * state is being saved; `usb-detached`: somebody asked for it.
 */
export type UsbEndCode = 'usb-changed' | 'usb-detached' | 'usb-gone' | 'usb-protocol' | 'usb-refused' | 'usb-rejected' | 'usb-saved'

export interface UsbEnd {
  readonly code: UsbEndCode
  readonly message: string
}

const dataTypes: readonly number[] = [packet.control, packet.bulk, packet.iso, packet.interrupt]

export class RedirFilter {
  /** Resolves once; both connections are closed then. */
  readonly ended: Promise<UsbEnd>
  readonly #source: Duplex
  readonly #judge: UsbJudge
  readonly #readers: Readonly<Record<Side, PacketReader>> = { device: new PacketReader('device'), machine: new PacketReader('machine') }
  readonly #greeted = new Set<Side>()
  readonly #transfers = new OpenTransfers()
  readonly #known = Promise.withResolvers<UsbIdentity>()
  readonly #end = Promise.withResolvers<UsbEnd>()
  #over = false
  #machine: Duplex | undefined
  #identity: UsbIdentity | undefined
  /** The last of each, until the machine is told. */
  #endpoints: Packet | undefined
  #interfaces: Packet | undefined
  #connect: Packet | undefined

  private constructor(source: Duplex, judge: UsbJudge) {
    this.#source = source
    this.#judge = judge
    this.ended = this.#end.promise
    this.#known.promise.catch(() => undefined)
    this.#receive('device', source)
    this.#send(source, helloPacket(sharedCapabilities))
  }

  /**
   * Waits for the device of `source` and judges it.
   * @throws EngineError `usb-refused`, `usb-protocol`, `usb-gone`, `time-out`; the source is closed then
   */
  static async open(source: Duplex, judge: UsbJudge, deadlineMs: number): Promise<RedirFilter> {
    const filter = new RedirFilter(source, judge)
    const late = setTimeout(() => filter.#known.reject(new EngineError('time-out', `no USB device within ${deadlineMs} ms`)), deadlineMs)
    try {
      await filter.#known.promise
      return filter
    } catch (error) {
      filter.end('usb-detached')
      throw error
    } finally {
      clearTimeout(late)
    }
  }

  /** With every class that it has shown so far. */
  get identity(): UsbIdentity {
    if (this.#identity === undefined) throw protocolFault('no device yet')
    return this.#identity
  }

  get isOver(): boolean {
    return this.#over
  }

  /** The machine's side, once. */
  serve(machine: Duplex): void {
    if (this.#over || this.#machine !== undefined) {
      machine.destroy()
      return
    }
    this.#machine = machine
    this.#receive('machine', machine)
    this.#send(machine, helloPacket(sharedCapabilities | rejecting))
  }

  /** After the rules have changed. */
  judgeAgain(): void {
    if (!this.#over && this.#identity !== undefined && !this.#judge(this.#identity)) this.end('usb-refused')
  }

  end(code: UsbEndCode, message: string = code): void {
    if (this.#over) return
    this.#over = true
    this.#known.reject(new EngineError(code === 'usb-detached' || code === 'usb-saved' ? 'usb-gone' : code, message))
    this.#source.destroy()
    this.#machine?.destroy()
    this.#end.resolve({ code, message })
  }

  #receive(side: Side, stream: Duplex): void {
    const gone = () => this.end('usb-gone', side === 'device' ? 'the USB device is gone' : 'the machine gave the USB device up')
    stream.on('error', gone)
    stream.on('close', gone)
    stream.on('end', gone)
    stream.on('data', (bytes: Buffer) => {
      if (this.#over) return
      try {
        for (const found of this.#readers[side].push(bytes)) {
          if (!this.#over) this.#take(side, found)
        }
      } catch (error) {
        // Whatever fails in a decision denies.
        this.end('usb-protocol', error instanceof Error ? error.message : String(error))
      }
    })
  }

  #take(side: Side, found: Packet): void {
    if (found.type === packet.hello) this.#greet(side, found)
    else if (side === 'device') this.#fromDevice(found)
    else this.#fromMachine(found)
  }

  #greet(side: Side, hello: Packet): void {
    const needed = side === 'device' ? sharedCapabilities : sharedCapabilities | rejecting
    if ((capabilitiesOfHello(hello) & needed) !== needed) throw protocolFault(`a ${side} that lacks capabilities, of 0x${needed.toString(16)}`)
    this.#greeted.add(side)
    if (side === 'device') return
    for (const known of [this.#endpoints, this.#interfaces, this.#connect]) if (known !== undefined) this.#toMachine(known)
  }

  #fromDevice(found: Packet): void {
    switch (found.type) {
      case packet.deviceDisconnect:
        this.end('usb-gone', 'the USB device was unplugged')
        return
      case packet.deviceConnect:
        this.#connected(found)
        return
      case packet.endpointInfo:
        this.#endpoints = found
        break
      case packet.interfaceInfo:
        this.#interfaces = found
        if (this.#identity !== undefined && !this.#stillAllowed({ classes: interfaceClasses(found.body) })) return
        break
      default:
        if (!this.#greeted.has('machine')) throw protocolFault(`a packet of type ${found.type} before the machine asked for anything`)
        if (dataTypes.includes(found.type) && !this.#mayAnswer(found)) return
    }
    if (this.#greeted.has('machine')) this.#toMachine(found)
  }

  #mayAnswer(found: Packet): boolean {
    const setup = this.#transfers.answer(found)
    const asked = setup === null ? null : askedDescriptor(setup)
    const says = asked === null ? null : described(asked, transferData('device', found))
    return says === null || this.#stillAllowed(says)
  }

  #connected(found: Packet): void {
    if (this.#identity !== undefined) {
      this.end('usb-changed', 'a second USB device came in place of the first')
      return
    }
    if (this.#endpoints === undefined || this.#interfaces === undefined) throw protocolFault('a device without its endpoints and interfaces')
    const { vendor, product, classes } = announced(found.body)
    const all = [...new Set([...classes, ...interfaceClasses(this.#interfaces.body)])].sort()
    if (all.length === 0) throw protocolFault('a device without any class')
    this.#identity = { vendor, product, classes: all }
    this.#connect = found
    if (this.#judge(this.#identity)) this.#known.resolve(this.#identity)
    else this.end('usb-refused', `the rules do not allow ${inWords(this.#identity)}`)
  }

  /** Takes in what the device says of itself now, and ends where that is not allowed. */
  #stillAllowed({ vendor, product, classes = [] }: Partial<UsbIdentity>): boolean {
    const before = this.identity
    const now = {
      ...{ vendor: vendor ?? before.vendor, product: product ?? before.product },
      classes: [...new Set([...before.classes, ...classes])].sort(),
    }
    const another = now.vendor !== before.vendor || now.product !== before.product
    this.#identity = now
    if (!another && this.#judge(now)) return true
    this.end('usb-changed', `the USB device ${inWords(before)} became ${inWords(now)}`)
    return false
  }

  #fromMachine(found: Packet): void {
    const { type } = found
    // Its own rules, which concern nobody else.
    if (type === packet.filterRules) return
    if (type === packet.filterReject) {
      this.end('usb-rejected', 'the USB controller of the machine does not take this device')
      return
    }
    if (dataTypes.includes(type)) this.#transfers.ask(found)
    this.#send(this.#source, encodePacket(found), this.#machine)
  }

  #toMachine(found: Packet): void {
    if (this.#machine !== undefined) this.#send(this.#machine, encodePacket(found), this.#source)
  }

  /** A side that does not read makes the other one wait. */
  #send(to: Duplex, bytes: Buffer, from?: Duplex): void {
    if (to.write(bytes) || from === undefined || from.isPaused()) return
    from.pause()
    to.once('drain', () => from.resume())
  }
}

/** `0781:5567 (class 08)` */
export function inWords({ vendor, product, classes }: UsbIdentity): string {
  return `${vendor}:${product} (class ${classes.join(', ')})`
}
