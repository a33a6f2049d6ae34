// SPDX-License-Identifier: Apache-2.0
//
// Bytes by name: objects, metadata, targets. All of them are verified by whoever fetches them; here they are only found.
import { objectRoutes } from '@casemate/policy/protocol'
import type { DeviceRow } from '../src/devices/device-row.ts'
import { ConsoleError } from '../src/error.ts'
import type { Console } from '../src/organisation/console.ts'
import { readRange } from './range.ts'

export type FileKind = keyof typeof objectRoutes

/** The largest object is a root page: 64 bytes for each 128 MiB of a disk of 16 TiB, sealed. */
const mostObjectBytes = 16_777_216

/**
 * @param name as it stands in the path.
 * @throws ConsoleError `not-found`; `device-suspended` for objects, which only serve to run.
 */
export async function readNamed(console: Console, device: DeviceRow, kind: FileKind, name: string): Promise<Uint8Array> {
  const parsed = objectRoutes[kind].name.safeParse(name)
  if (!parsed.success) throw new ConsoleError('not-found', 'there is nothing of that name')
  if (kind === 'object' && device.state !== 'active') throw new ConsoleError('device-suspended', 'this device is suspended')
  const bytes = await find(console, kind, parsed.data)
  if (bytes === null || bytes === undefined) throw new ConsoleError('not-found', 'there is nothing of that name')
  return bytes
}

async function find({ objects, repository }: Console, kind: FileKind, name: string): Promise<Uint8Array | null | undefined> {
  switch (kind) {
    case 'object':
      return await objects.get(name, mostObjectBytes)
    case 'metadata':
      return await repository.read(`metadata/${name}`)
    case 'target':
      return await repository.read(`targets/${name}`)
  }
}

/** RFC 9110, 14: all of it, or the one range that was asked for. */
export function answerBytes(bytes: Uint8Array, rangeHeader: string | null): Response {
  const length = bytes.byteLength
  const range = readRange(rangeHeader, length)
  const headers = { 'content-type': 'application/octet-stream', 'accept-ranges': 'bytes', 'cache-control': 'no-store' }
  if (range === 'unsatisfiable') return new Response(null, { status: 416, headers: { ...headers, 'content-range': `bytes */${length}` } })
  if (range === 'whole') return new Response(new Uint8Array(bytes), { headers })
  const { start, end } = range
  return new Response(new Uint8Array(bytes.subarray(start, end + 1)), {
    status: 206,
    headers: { ...headers, 'content-range': `bytes ${start}-${end}/${length}` },
  })
}
