// SPDX-License-Identifier: Apache-2.0
//
// The transmission phase: requests run at once, each is answered when it is done, in any order. Bytes under way are bounded for each
// client. A device's error becomes EIO for the client and goes, whole, to the hook; it never ends the connection.
import { PackageError } from '../error.ts'
import type { BlockDevice } from '../read/block-device.ts'
import type { Agreement } from './handshake.ts'
import type { Peer } from './peer.ts'
import { allocationReply, dataReply, dataReplyNow, errorReply, longestReplyNow, okReply } from './reply.ts'
import { ReplyBuffers } from './reply-buffers.ts'
import * as wire from './wire.ts'

export interface TransmissionHooks {
  readonly onReadError: (exportName: string, error: unknown) => void
  readonly onWriteError: (exportName: string, error: unknown) => void
}

/** For one client; a request that goes beyond it is the last one taken until others are answered. */
const mostBytesUnderWay = 8_388_608
const mostRequestsUnderWay = 128
const zeroes = Buffer.alloc(1_048_576)

/** Resolves when the client says goodbye or goes. @throws PackageError `nbd-protocol` for what is no request. */
export async function transmit(peer: Peer, agreement: Agreement, hooks: TransmissionHooks): Promise<void> {
  const buffers = new ReplyBuffers(longestReplyNow)
  const underWay = new Set<Promise<void>>()
  let bytes = 0
  let answered = Promise.withResolvers<void>()
  try {
    for (;;) {
      const request = wire.decodeRequest(peer.take(wire.requestBytes) ?? (await peer.read(wire.requestBytes)))
      if (request === null) throw new PackageError('nbd-protocol', 'expected an NBD request, found another magic')
      if (request.type === wire.command.disconnect) return
      if (answerNow(peer, agreement, request, buffers)) continue
      const payload = await readPayload(peer, request)
      const weight = request.type === wire.command.read ? Math.min(request.length, wire.longestPayload) : payload.length
      bytes += weight
      const run = answer(peer, agreement, request, payload, hooks)
        .catch((error: unknown) => peer.destroy(new PackageError('nbd-protocol', 'a request could not be answered', error)))
        .finally(() => {
          bytes -= weight
          underWay.delete(run)
          answered.resolve()
        })
      underWay.add(run)
      while (underWay.size >= mostRequestsUnderWay || bytes > mostBytesUnderWay) {
        answered = Promise.withResolvers()
        await answered.promise
      }
    }
  } finally {
    await Promise.all(underWay)
  }
}

/** Answers a read whose bytes are at hand. @returns false for every other request. */
function answerNow(peer: Peer, agreement: Agreement, request: wire.Request, buffers: ReplyBuffers): boolean {
  if (request.type !== wire.command.read || peer.unsent >= mostBytesUnderWay || faultOf(agreement, request) !== null) return false
  const reply = dataReplyNow(agreement, request, buffers)
  if (reply === null) return false
  void peer.write([reply]).then(() => buffers.giveBack(reply))
  return true
}

async function readPayload(peer: Peer, request: wire.Request): Promise<Buffer> {
  if (request.type !== wire.command.write) return Buffer.alloc(0)
  // Longer ones cannot be skipped without reading them all; the protocol lets the server hang up.
  if (request.length > wire.longestPayload) throw new PackageError('nbd-protocol', `a write of ${request.length} bytes is too long`)
  return await peer.read(request.length)
}

async function answer(peer: Peer, agreement: Agreement, request: wire.Request, payload: Buffer, hooks: TransmissionHooks): Promise<void> {
  const wrong = faultOf(agreement, request)
  if (wrong !== null) return await peer.write(errorReply(agreement, request, wrong, 'the request is refused'))
  try {
    if (request.type === wire.command.read) await answerRead(peer, agreement, request)
    else await peer.write(await perform(agreement, request, payload))
  } catch (error) {
    const reading = request.type === wire.command.read || request.type === wire.command.blockStatus
    if (reading) hooks.onReadError(agreement.name, error)
    else hooks.onWriteError(agreement.name, error)
    // What went wrong is for the host's ears only.
    await peer.write(errorReply(agreement, request, wire.errno.io, 'the device failed'))
  }
}

async function answerRead(peer: Peer, agreement: Agreement, request: wire.Request): Promise<void> {
  const { parts, data } = await dataReply(agreement, request)
  await peer.write(parts)
  for (const bytes of data) agreement.device.giveBack?.(bytes)
}

/** Of each command that is served. */
const permittedFlags: Readonly<Record<number, number>> = {
  [wire.command.read]: wire.commandFlag.dontFragment,
  [wire.command.write]: wire.commandFlag.fua,
  [wire.command.flush]: wire.commandFlag.fua,
  [wire.command.trim]: wire.commandFlag.fua,
  [wire.command.writeZeroes]: wire.commandFlag.fua | wire.commandFlag.noHole,
  [wire.command.blockStatus]: wire.commandFlag.requestOne,
}

/** The error number for a request that is wrong in itself, or null. */
function faultOf({ device, allocation }: Agreement, { type, flags, offset, length }: wire.Request): number | null {
  const { command, commandFlag, errno } = wire
  const permitted = permittedFlags[type]
  if (permitted === undefined) return errno.unsupported
  if ((flags & ~(permitted | commandFlag.fua)) !== 0) return errno.invalid
  const writes = type === command.write || type === command.trim || type === command.writeZeroes
  if (writes && (device.readOnly || device.write === undefined)) return errno.permission
  if (type === command.trim && device.trim === undefined) return errno.unsupported
  if (type === command.flush) return offset === 0n && length === 0 ? null : errno.invalid
  if (offset + BigInt(length) > BigInt(device.size)) return writes ? errno.noSpace : errno.invalid
  if (type === command.read && length > wire.longestPayload) return errno.overflow
  if (type === command.blockStatus && (!allocation || length === 0)) return errno.invalid
  return null
}

async function perform(agreement: Agreement, request: wire.Request, payload: Buffer): Promise<readonly Uint8Array[]> {
  const { device } = agreement
  const { command } = wire
  const offset = Number(request.offset)
  switch (request.type) {
    case command.blockStatus:
      return await allocationReply(agreement, request)
    case command.write:
      await device.write?.(offset, payload)
      break
    case command.writeZeroes:
      await writeZeroes(device, offset, request.length)
      break
    case command.trim:
      await device.trim?.(offset, request.length)
      break
  }
  if (request.type === command.flush || (request.flags & wire.commandFlag.fua) !== 0) await device.flush?.()
  return okReply(request)
}

async function writeZeroes(device: BlockDevice, offset: number, length: number): Promise<void> {
  for (let at = 0; at < length; at += zeroes.length) await device.write?.(offset + at, zeroes.subarray(0, Math.min(zeroes.length, length - at)))
}
