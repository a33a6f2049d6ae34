// SPDX-License-Identifier: Apache-2.0
//
// The packets of the USB redirection protocol 0.7 (usbredir, docs/usb-redirection-protocol.md) that pass here, by the side that may send them.
// All numbers are little-endian. The capabilities are fixed, so every length is: 64-bit ids, versions of devices, sizes of endpoints' packets and
// 32-bit lengths of bulk packets are in use, bulk streams and buffered receiving are not. A peer without them is refused.
import { EngineError } from '../error.ts'

export const packet = {
  hello: 0,
  deviceConnect: 1,
  deviceDisconnect: 2,
  reset: 3,
  interfaceInfo: 4,
  endpointInfo: 5,
  setConfiguration: 6,
  getConfiguration: 7,
  configurationStatus: 8,
  setAltSetting: 9,
  getAltSetting: 10,
  altSettingStatus: 11,
  startIsoStream: 12,
  stopIsoStream: 13,
  isoStreamStatus: 14,
  startInterrupt: 15,
  stopInterrupt: 16,
  interruptStatus: 17,
  cancelData: 21,
  filterReject: 22,
  filterRules: 23,
  control: 100,
  bulk: 101,
  iso: 102,
  interrupt: 103,
} as const

/** `device`: what the protocol calls usb-host, from which the device comes. `machine`: its usb-guest. */
export type Side = 'device' | 'machine'

interface Form {
  readonly bytes: number
  /** Data may follow, as many bytes as the packet itself says. */
  readonly data?: true
}

const dataForms = [
  [packet.control, { bytes: 10, data: true }],
  [packet.bulk, { bytes: 10, data: true }],
  [packet.iso, { bytes: 4, data: true }],
  [packet.interrupt, { bytes: 4, data: true }],
] as const satisfies readonly (readonly [number, Form])[]

const forms: Readonly<Record<Side, ReadonlyMap<number, Form>>> = {
  device: new Map<number, Form>([
    [packet.deviceConnect, { bytes: 10 }],
    [packet.deviceDisconnect, { bytes: 0 }],
    [packet.interfaceInfo, { bytes: 132 }],
    [packet.endpointInfo, { bytes: 160 }],
    [packet.configurationStatus, { bytes: 2 }],
    [packet.altSettingStatus, { bytes: 3 }],
    [packet.isoStreamStatus, { bytes: 2 }],
    [packet.interruptStatus, { bytes: 2 }],
    ...dataForms,
  ]),
  machine: new Map<number, Form>([
    [packet.reset, { bytes: 0 }],
    [packet.setConfiguration, { bytes: 1 }],
    [packet.getConfiguration, { bytes: 0 }],
    [packet.setAltSetting, { bytes: 2 }],
    [packet.getAltSetting, { bytes: 1 }],
    [packet.startIsoStream, { bytes: 3 }],
    [packet.stopIsoStream, { bytes: 1 }],
    [packet.startInterrupt, { bytes: 1 }],
    [packet.stopInterrupt, { bytes: 1 }],
    [packet.cancelData, { bytes: 0 }],
    [packet.filterReject, { bytes: 0 }],
    [packet.filterRules, { bytes: 0, data: true }],
    ...dataForms,
  ]),
}

/** More than any transfer of a driver; what one side may make this process hold. */
const mostDataBytes = 16 * 1024 * 1024
const mostHelloBytes = 64 + 4 * 8
const mostRuleBytes = 65_536

/** `usb_redir_cap_*`: device versions, packet sizes of endpoints, 64-bit ids, 32-bit lengths of bulk packets. */
export const sharedCapabilities = (1 << 1) | (1 << 4) | (1 << 5) | (1 << 6)
/** By which a machine can say that it does not take a device. */
export const rejecting = 1 << 2

export interface Packet {
  readonly type: number
  readonly id: bigint
  /** Header of the type, then data. */
  readonly body: Buffer
}

/** @throws EngineError `usb-protocol`, as do all below */
export function protocolFault(what: string): EngineError {
  return new EngineError('usb-protocol', `USB redirection: ${what}`)
}

export function helloPacket(capabilities: number): Buffer {
  const bytes = Buffer.alloc(12 + 64 + 4)
  bytes.writeUInt32LE(packet.hello, 0)
  bytes.writeUInt32LE(68, 4)
  bytes.write('casemate', 12, 'latin1')
  bytes.writeUInt32LE(capabilities >>> 0, 76)
  return bytes
}

/** Of a type other than hello. */
export function encodePacket({ type, id, body }: Packet): Buffer {
  const head = Buffer.alloc(16)
  head.writeUInt32LE(type, 0)
  head.writeUInt32LE(body.length, 4)
  head.writeBigUInt64LE(id, 8)
  return Buffer.concat([head, body])
}

/** Cuts the bytes of one side into packets; a length is believed only as far as its type allows it. */
export class PacketReader {
  readonly #side: Side
  #chunks: Buffer[] = []
  #held = 0
  #greeted = false

  constructor(side: Side) {
    this.#side = side
  }

  /** @returns what is whole now; the first of all is a hello, and none after it is */
  push(bytes: Buffer): readonly Packet[] {
    this.#chunks.push(bytes)
    this.#held += bytes.length
    const found: Packet[] = []
    for (let next = this.#take(); next !== undefined; next = this.#take()) found.push(next)
    return found
  }

  #take(): Packet | undefined {
    // The ids of a hello have 32 bits, whatever is agreed on later.
    const headBytes = this.#greeted ? 16 : 12
    if (this.#held < headBytes) return undefined
    const head = this.#peek(headBytes)
    const type = head.readUInt32LE(0)
    const length = head.readUInt32LE(4)
    this.#checkLength(type, length)
    if (this.#held < headBytes + length) return undefined
    const whole = this.#peek(headBytes + length)
    const rest = (this.#chunks[0] ?? Buffer.alloc(0)).subarray(headBytes + length)
    this.#chunks = rest.length === 0 ? this.#chunks.slice(1) : [rest, ...this.#chunks.slice(1)]
    this.#held -= headBytes + length
    const taken: Packet = { type, id: this.#greeted ? head.readBigUInt64LE(8) : 0n, body: whole.subarray(headBytes) }
    this.#greeted = true
    return taken
  }

  #checkLength(type: number, length: number): void {
    if (!this.#greeted) {
      if (type !== packet.hello) throw protocolFault(`expected a hello first, found a packet of type ${type}`)
      if (length < 64 || length > mostHelloBytes || length % 4 !== 0) throw protocolFault(`a hello cannot have ${length} bytes`)
      return
    }
    const form = forms[this.#side].get(type)
    if (form === undefined) throw protocolFault(`a ${this.#side} sends no packet of type ${type}`)
    const most = form.bytes + (form.data === undefined ? 0 : type === packet.filterRules ? mostRuleBytes : mostDataBytes)
    if (length < form.bytes || length > most) throw protocolFault(`a packet of type ${type} cannot have ${length} bytes`)
  }

  /** The first `count` bytes in one piece. */
  #peek(count: number): Buffer {
    const [first] = this.#chunks
    if (first === undefined || first.length < count) this.#chunks = [Buffer.concat(this.#chunks)]
    return (this.#chunks[0] ?? Buffer.alloc(0)).subarray(0, count)
  }
}

/** The first 32 capabilities of a hello. */
export function capabilitiesOfHello({ body }: Packet): number {
  return body.length < 68 ? 0 : body.readUInt32LE(64)
}
