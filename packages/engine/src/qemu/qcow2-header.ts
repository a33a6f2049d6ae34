// SPDX-License-Identifier: Apache-2.0
//
// Reads the header of an overlay before QEMU opens it, and lets only one kind pass: version 3, LUKS, naming no backing and no data file. An overlay
// lies on a disk that others may write to; a header that names a file would make QEMU open it. It says nothing about the clusters behind the header.
// Source: docs/interop/qcow2.txt of QEMU.
import { open } from 'node:fs/promises'
import { EngineError } from '../error.ts'

/** Smallest cluster that QEMU makes for us; the header and its extensions end before it. */
const readLength = 65_536
const extensions = {
  end: 0,
  backingFormat: 0xe2792aca,
  featureNames: 0x6803f857,
  bitmaps: 0x23852875,
  encryption: 0x0537be77,
  dataFile: 0x44415441,
} as const
const luks = 2

export interface OverlayHeader {
  readonly sizeBytes: number
}

/** `bytes` is the beginning of the file. @throws EngineError `overlay-altered` that says what is not as we made it. */
export function parseOverlayHeader(bytes: Uint8Array): OverlayHeader {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  if (bytes.length < 112) throw altered('be a qcow2 header', `${bytes.length} bytes`)
  expect(view.getUint32(0) === 0x514649fb, 'begin with the magic of qcow2', view.getUint32(0))
  expect(view.getUint32(4) === 3, 'have version 3', view.getUint32(4))
  expect(view.getBigUint64(8) === 0n && view.getUint32(16) === 0, 'name no backing file', 'one')
  expect(view.getUint32(32) === luks, 'be encrypted by LUKS', `method ${view.getUint32(32)}`)
  // Bit 0, dirty, is the only incompatible feature that a crash leaves on an image of ours; 1 corrupt, 2 external data, 3 compression, 4 extended L2.
  expect((view.getBigUint64(72) & ~1n) === 0n, 'have no incompatible feature', view.getBigUint64(72))
  const headerLength = view.getUint32(100)
  expect(headerLength >= 104 && headerLength <= 4096 && headerLength % 8 === 0, 'have a header of usual length', headerLength)
  checkExtensions(view, headerLength)
  const size = view.getBigUint64(24)
  expect(size > 0n && size <= BigInt(Number.MAX_SAFE_INTEGER), 'have a size', size)
  return { sizeBytes: Number(size) }
}

/** @throws EngineError `overlay-altered` if the file is missing or its header is refused. */
export async function readOverlayHeader(path: string): Promise<OverlayHeader> {
  const bytes = new Uint8Array(readLength)
  let bytesRead: number
  try {
    const handle = await open(path, 'r')
    try {
      bytesRead = (await handle.read(bytes, 0, readLength, 0)).bytesRead
    } finally {
      await handle.close()
    }
  } catch (cause) {
    throw new EngineError('overlay-altered', `the overlay \`${path}\` cannot be read`, cause)
  }
  return parseOverlayHeader(bytes.subarray(0, bytesRead))
}

function checkExtensions(view: DataView, headerLength: number): void {
  let encrypted = false
  for (let offset = headerLength; ; ) {
    expect(offset + 8 <= view.byteLength, 'end its header extensions', 'no end')
    const type = view.getUint32(offset)
    const length = view.getUint32(offset + 4)
    if (type === extensions.end) break
    expect(type === extensions.featureNames || type === extensions.encryption || type === extensions.bitmaps, 'have no other header extension', type)
    expect(length <= view.byteLength, 'have short header extensions', length)
    encrypted ||= type === extensions.encryption
    offset += 8 + Math.ceil(length / 8) * 8
  }
  expect(encrypted, 'point to its LUKS header', 'nothing')
}

function expect(holds: boolean, what: string, found: string | number | bigint): void {
  if (!holds) throw altered(what, found)
}

function altered(what: string, found: string | number | bigint): EngineError {
  return new EngineError('overlay-altered', `the overlay was expected to ${what}, found \`${found}\``)
}
