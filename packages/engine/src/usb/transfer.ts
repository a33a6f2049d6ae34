// SPDX-License-Identifier: Apache-2.0
//
// Control, bulk, iso and interrupt packets: how much data each carries, and which answer belongs to which request.
import { type Packet, packet, protocolFault, type Side } from './wire.ts'

/** A control transfer as USB 2.0, 9.3 has it. */
export interface ControlSetup {
  readonly requestType: number
  readonly request: number
  readonly value: number
  readonly index: number
  readonly length: number
}

const standard = { setAddress: 5, getDescriptor: 6, setConfiguration: 9, setInterface: 11 } as const
const fromDevice = 0x80
const mostOpen = 4096

export function controlSetup({ body }: Packet): ControlSetup {
  const endpoint = body.readUInt8(0)
  const setup = {
    ...{ request: body.readUInt8(1), requestType: body.readUInt8(2) },
    ...{ value: body.readUInt16LE(4), index: body.readUInt16LE(6), length: body.readUInt16LE(8) },
  }
  if ((endpoint & 0x7f) !== 0 || (endpoint & fromDevice) !== (setup.requestType & fromDevice))
    throw protocolFault('a control transfer that contradicts its endpoint')
  return setup
}

/** The type of descriptor that is asked for, or null: it is no such request. */
export function askedDescriptor({ requestType, request, value }: ControlSetup): number | null {
  return requestType === fromDevice && request === standard.getDescriptor ? value >> 8 : null
}

/** Each is a packet of its own, by which the device says afterwards what it has become. */
function setsIdentity({ requestType, request }: ControlSetup): boolean {
  if (requestType === 0) return request === standard.setAddress || request === standard.setConfiguration
  return requestType === 1 && request === standard.setInterface
}

/** The data of a transfer, whose length is the one that it says, and is there only in the direction that its endpoint has. */
export function transferData(from: Side, { type, body }: Packet): Buffer {
  const endpoint = body.readUInt8(0)
  const carries = (endpoint & fromDevice) !== 0 ? from === 'device' : from === 'machine'
  const headBytes = type === packet.control || type === packet.bulk ? 10 : 4
  const length =
    type === packet.control
      ? body.readUInt16LE(8)
      : type === packet.bulk
        ? body.readUInt16LE(2) + body.readUInt16LE(8) * 65_536
        : body.readUInt16LE(2)
  const data = body.subarray(headBytes)
  if (data.length !== (carries ? length : 0)) throw protocolFault(`a transfer of ${length} bytes cannot carry ${data.length}`)
  const unsolicited = type === packet.iso || (type === packet.interrupt && (endpoint & fromDevice) !== 0)
  if (unsolicited && !carries) throw protocolFault('a stream against the direction of its endpoint')
  return data
}

/** Requests that the machine waits for. */
export class OpenTransfers {
  readonly #open = new Map<bigint, { readonly type: number; readonly endpoint: number; readonly setup: ControlSetup | null }>()

  ask(request: Packet): void {
    const { type, id, body } = request
    const setup = type === packet.control ? controlSetup(request) : null
    if (setup !== null && setsIdentity(setup)) throw protocolFault('a configuration that is set as a plain transfer')
    transferData('machine', request)
    if (type === packet.iso) return
    if (this.#open.has(id)) throw protocolFault(`a second request ${id}`)
    if (this.#open.size >= mostOpen) throw protocolFault(`more than ${mostOpen} open requests`)
    this.#open.set(id, { type, endpoint: body.readUInt8(0), setup })
  }

  /** @returns the control transfer that is answered, null for every other one */
  answer(reply: Packet): ControlSetup | null {
    const { type, id, body } = reply
    const endpoint = body.readUInt8(0)
    const data = transferData('device', reply)
    if (type === packet.iso || (type === packet.interrupt && (endpoint & fromDevice) !== 0)) return null
    const open = this.#open.get(id)
    if (open === undefined || open.type !== type || open.endpoint !== endpoint)
      throw protocolFault(`an answer to the request ${id}, which nobody made`)
    this.#open.delete(id)
    if (open.setup === null) return null
    const { requestType, request, value, index } = controlSetup(reply)
    const same = open.setup.requestType === requestType && open.setup.request === request && open.setup.value === value && open.setup.index === index
    if (!same || data.length > open.setup.length) throw protocolFault('a control transfer that is answered by another one')
    return open.setup
  }
}
