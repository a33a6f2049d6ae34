// SPDX-License-Identifier: Apache-2.0
//
// The device's side of a USB redirection: a stick with a disk on it (mass storage, bulk only, SCSI), which can be told to lie. It answers what a
// guest's own drivers ask of it, with descriptors of its own.
import type { Duplex } from 'node:stream'
import { encodePacket, helloPacket, type Packet, PacketReader, packet, sharedCapabilities } from '../../src/usb/wire.ts'
import { scsiAnswer } from './scsi-disk.ts'

export interface StickTraits {
  readonly vendor: number
  readonly product: number
  /** Class of its one interface, in packets and descriptors. */
  readonly class: number
  readonly speed: number
  /** What its device descriptor says instead. */
  readonly describedProduct?: number
  /** An interface that only its configuration descriptor knows. */
  readonly hidden?: number
  /** The class that its interface has once the guest has configured it. */
  readonly configuredClass?: number
  /** Whole sectors of 512 bytes. */
  readonly disk: Buffer
}

export const plainStick: StickTraits = { vendor: 0x0781, product: 0x5567, class: 0x08, speed: 2, disk: Buffer.alloc(64 * 512, 'casemate') }

const [bulkIn, bulkOut] = [0x81, 0x02]
const status = { success: 0, stall: 4 } as const

export function endpointInfo(): Buffer {
  const body = Buffer.alloc(160)
  body.fill(255, 0, 32)
  for (const [at, type, size] of [
    [0, 0, 64],
    [16, 0, 64],
    [17, 2, 512],
    [2, 2, 512],
  ] as const) {
    body.writeUInt8(type, at)
    body.writeUInt16LE(size, 96 + at * 2)
  }
  return body
}

export function interfaceInfo(...classes: readonly number[]): Buffer {
  const body = Buffer.alloc(132)
  body.writeUInt32LE(classes.length, 0)
  for (const [index, code] of classes.entries()) {
    body.writeUInt8(index, 4 + index)
    body.writeUInt8(code, 36 + index)
    body.writeUInt8(6, 68 + index)
    body.writeUInt8(0x50, 100 + index)
  }
  return body
}

export function deviceConnect({ vendor, product, speed }: Pick<StickTraits, 'vendor' | 'product' | 'speed'>): Buffer {
  const body = Buffer.alloc(10)
  body.writeUInt8(speed, 0)
  body.writeUInt16LE(vendor, 4)
  body.writeUInt16LE(product, 6)
  body.writeUInt16LE(0x0100, 8)
  return body
}

export class EmulatedStick {
  readonly #stream: Duplex
  readonly #traits: StickTraits
  readonly #reader = new PacketReader('machine')
  /** What the next bulk requests get, in order. */
  #waiting: Buffer[] = []

  constructor(stream: Duplex, traits: StickTraits = plainStick) {
    this.#stream = stream
    this.#traits = traits
    stream.on('error', () => undefined)
    stream.on('data', (bytes: Buffer) => {
      for (const found of this.#reader.push(bytes)) this.#take(found)
    })
    stream.write(helloPacket(sharedCapabilities))
  }

  /** Says who it is, once more. */
  announce(traits: StickTraits = this.#traits): void {
    this.send(packet.endpointInfo, endpointInfo())
    this.send(packet.interfaceInfo, interfaceInfo(traits.class))
    this.send(packet.deviceConnect, deviceConnect(traits))
  }

  send(type: number, body: Buffer, id = 0n): void {
    this.#stream.write(encodePacket({ type, id, body }))
  }

  unplug(): void {
    this.send(packet.deviceDisconnect, Buffer.alloc(0))
  }

  #take({ type, id, body }: Packet): void {
    if (type === packet.hello) this.announce()
    if (type === packet.setConfiguration) {
      const { configuredClass } = this.#traits
      if (configuredClass !== undefined) this.send(packet.interfaceInfo, interfaceInfo(configuredClass))
      this.send(packet.configurationStatus, Buffer.from([status.success, body.readUInt8(0)]), id)
    }
    if (type === packet.setAltSetting) this.send(packet.altSettingStatus, Buffer.from([status.success, body.readUInt8(0), body.readUInt8(1)]), id)
    if (type === packet.control) this.#control(id, body)
    if (type === packet.bulk) this.#bulk(id, body)
  }

  #control(id: bigint, body: Buffer): void {
    const [request, requestType, value, length] = [body.readUInt8(1), body.readUInt8(2), body.readUInt16LE(4), body.readUInt16LE(8)]
    const head = Buffer.from(body.subarray(0, 10))
    const found =
      requestType === 0x80 && request === 6
        ? this.#descriptor(value >> 8, value & 0xff)
        : requestType === 0xa1 && request === 0xfe
          ? Buffer.of(0)
          : (requestType & 0x80) === 0
            ? Buffer.alloc(0)
            : null
    const data = found?.subarray(0, length) ?? Buffer.alloc(0)
    head.writeUInt8(found === null ? status.stall : status.success, 3)
    head.writeUInt16LE((requestType & 0x80) === 0 ? length : data.length, 8)
    this.send(packet.control, Buffer.concat([head, data]), id)
  }

  #descriptor(type: number, index: number): Buffer | null {
    const { vendor, product, describedProduct, hidden } = this.#traits
    if (type === 1) {
      const bytes = Buffer.from('120100020000004000000000000100000001', 'hex')
      bytes.writeUInt16LE(vendor, 8)
      bytes.writeUInt16LE(describedProduct ?? product, 10)
      bytes.writeUInt8(2, 15)
      return bytes
    }
    if (type === 2) {
      const endpoints = Buffer.from(`0705${hex(bulkIn)}020002000705${hex(bulkOut)}02000200`, 'hex')
      const interfaces = [Buffer.from(`0904000002${hex(this.#traits.class)}065000`, 'hex'), endpoints]
      if (hidden !== undefined) interfaces.push(Buffer.from(`0904010000${hex(hidden)}000000`, 'hex'))
      const rest = Buffer.concat(interfaces)
      const head = Buffer.from(`09020000${hex(hidden === undefined ? 1 : 2)}01008032`, 'hex')
      head.writeUInt16LE(9 + rest.length, 2)
      return Buffer.concat([head, rest])
    }
    if (type !== 3) return null
    if (index === 0) return Buffer.from('04030904', 'hex')
    const text = Buffer.from('Casemate stick', 'utf16le')
    return Buffer.concat([Buffer.of(text.length + 2, 3), text])
  }

  #bulk(id: bigint, body: Buffer): void {
    const length = body.readUInt16LE(2) + body.readUInt16LE(8) * 65_536
    const head = Buffer.from(body.subarray(0, 10))
    if (body.readUInt8(0) === bulkOut) {
      this.#waiting = [...scsiAnswer(body.subarray(10), this.#traits.disk)]
      this.send(packet.bulk, head, id)
      return
    }
    const [first = Buffer.alloc(0), ...others] = this.#waiting
    const data = first.subarray(0, length)
    this.#waiting = first.length > length ? [first.subarray(length), ...others] : others
    head.writeUInt16LE(data.length & 0xffff, 2)
    head.writeUInt16LE(data.length >>> 16, 8)
    this.send(packet.bulk, Buffer.concat([head, data]), id)
  }
}

const hex = (byte: number): string => byte.toString(16).padStart(2, '0')
