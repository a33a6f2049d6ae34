// SPDX-License-Identifier: Apache-2.0
//
// Bytes by name: objects, metadata, targets. All of them are verified by whoever fetches them; here they are only found.
import { objectRoutes } from '@casemate/policy/protocol'
import type { ByteRange } from '@casemate/vm-package/object-store'
import type { DeviceRow } from '../src/devices/device-row.ts'
import { ConsoleError } from '../src/error.ts'
import type { Console } from '../src/organisation/console.ts'
import { readRange } from './range.ts'

export type FileKind = keyof typeof objectRoutes

/** What was found; its bytes may be gone again by the time that they are read. */
interface Named {
  /** Bytes. */
  readonly size: number
  readonly read: (range: ByteRange) => Promise<Uint8Array | null>
}

const notFound = () => new ConsoleError('not-found', 'there is nothing of that name')

/**
 * All of what has that name, or the one range that was asked for (RFC 9110, 14).
 * @param name as it stands in the path.
 * @throws ConsoleError `not-found`; `device-suspended` for objects, which only serve to run.
 */
export async function answerNamed(
  console: Console,
  device: DeviceRow,
  { kind, name, range: header }: { readonly kind: FileKind; readonly name: string; readonly range: string | null },
): Promise<Response> {
  const parsed = objectRoutes[kind].name.safeParse(name)
  if (!parsed.success) throw notFound()
  if (kind === 'object' && device.state !== 'active') throw new ConsoleError('device-suspended', 'this device is suspended')
  const named = await find(console, kind, parsed.data)
  if (named === null) throw notFound()
  const { size } = named
  const range = readRange(header, size)
  const headers = { 'content-type': 'application/octet-stream', 'accept-ranges': 'bytes', 'cache-control': 'no-store' }
  if (range === 'unsatisfiable') return new Response(null, { status: 416, headers: { ...headers, 'content-range': `bytes */${size}` } })
  const bytes = await named.read(range === 'whole' ? { start: 0, end: size } : range)
  if (bytes === null) throw notFound()
  if (range === 'whole') return new Response(new Uint8Array(bytes), { headers })
  const contentRange = `bytes ${range.start}-${range.end - 1}/${size}`
  return new Response(new Uint8Array(bytes), { status: 206, headers: { ...headers, 'content-range': contentRange } })
}

async function find({ objects, repository }: Console, kind: FileKind, name: string): Promise<Named | null> {
  if (kind === 'object') {
    const size = await objects.size(name)
    return size === null ? null : { size, read: (range) => objects.getRange(name, range) }
  }
  const bytes = await repository.read(kind === 'metadata' ? `metadata/${name}` : `targets/${name}`)
  return bytes === undefined ? null : { size: bytes.byteLength, read: async ({ start, end }) => bytes.subarray(start, end) }
}
