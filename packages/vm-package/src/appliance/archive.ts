// SPDX-License-Identifier: Apache-2.0
//
// The members of an OVA, a tar archive of plain files (DSP0243 section 12, POSIX ustar), by their headers alone: a disk is read where it
// lies, and 100 GB of them are stepped over. Libraries for tar read an archive as a stream, from its first byte to its last.
import { type ImageFile, readImage } from '../source/image-file.ts'
import { sectorBytes as blockBytes } from '../source/whole-sectors.ts'
import { invalid, isPlainName, quote } from './refusal.ts'

const mostMembers = 256
/** Of the header that extends the next one. */
const mostExtensionBytes = 65_536

export interface Member {
  readonly name: string
  /** Of its first byte in the archive. */
  readonly offset: number
  /** Bytes. */
  readonly length: number
}

/** What a header says about the member behind it, in place of what that one's own header says. */
interface Extension {
  readonly name?: string
  readonly length?: number
}

/** At most 256, each name once. @throws PackageError `appliance-invalid`, `source-unreadable`, `source-changed` */
export async function readMembers(archive: ImageFile): Promise<readonly Member[]> {
  const members = new Map<string, Member>()
  let extension: Extension = {}
  for (let at = 0; at + blockBytes <= archive.length; ) {
    const header = await read(archive, at, blockBytes)
    if (header.every((byte) => byte === 0)) break
    checkHeader(header, at)
    const type = header.toString('latin1', 156, 157)
    const length = extension.length ?? numberOf(header.subarray(124, 136), at)
    const offset = at + blockBytes
    at = offset + Math.ceil(length / blockBytes) * blockBytes
    if (at > archive.length) throw invalid(`expected an archive of at least ${at} bytes, found ${archive.length}: it is cut off`)
    if (type === 'x' || type === 'L') {
      if (length > mostExtensionBytes) throw invalid(`expected an extended header of at most ${mostExtensionBytes} bytes, found ${length}`)
      extension = { ...extension, ...readExtension(type, await read(archive, offset, length)) }
      continue
    }
    const name = extension.name ?? nameOf(header)
    extension = {}
    if (type !== '0' && type !== '\0') throw invalid(`expected only plain files in the archive, found ${quote(name)} of type ${quote(type)}`)
    if (!isPlainName(name)) throw invalid(`expected only names without a path in the archive, found ${quote(name)}`)
    if (members.has(name)) throw invalid(`expected each name once in the archive, found ${quote(name)} again`)
    if (members.size === mostMembers) throw invalid(`expected at most ${mostMembers} files in the archive`)
    members.set(name, { name, offset, length })
  }
  return [...members.values()]
}

async function read(archive: ImageFile, offset: number, length: number): Promise<Buffer> {
  const bytes = Buffer.alloc(length)
  await readImage(archive, offset, bytes)
  return bytes
}

/** The sum of all bytes, where those of the sum itself count as spaces. */
function checkHeader(header: Buffer, at: number): void {
  const sum = header.reduce((total, byte, index) => total + (index >= 148 && index < 156 ? 0x20 : byte), 0)
  if (header.toString('latin1', 257, 262) === 'ustar' && numberOf(header.subarray(148, 156), at) === sum) return
  throw invalid(`expected a tar header at byte ${at}, found something else`)
}

/** Octal digits, or, for files of 8 GiB and more, a binary number behind a first bit that is set. */
function numberOf(field: Buffer, at: number): number {
  const first = field[0] ?? 0
  const text = field.toString('latin1').replace(/^ +|[ \0]+$/g, '')
  const value = first === 0x80 ? Number(BigInt(`0x${field.toString('hex', 1)}`)) : /^[0-7]{1,12}$/.test(text) ? Number.parseInt(text, 8) : Number.NaN
  if (!Number.isSafeInteger(value)) throw invalid(`expected a number in the tar header at byte ${at}, found ${quote(text)}`)
  return value
}

function nameOf(header: Buffer): string {
  const name = textOf(header.subarray(0, 100))
  // GNU's own kind of header has other things where that of POSIX has the folder.
  const folder = header.toString('latin1', 257, 263) === 'ustar\0' ? textOf(header.subarray(345, 500)) : ''
  return folder === '' ? name : `${folder}/${name}`
}

function textOf(field: Buffer): string {
  const end = field.indexOf(0)
  return decode(end === -1 ? field : field.subarray(0, end))
}

/** `L` of GNU holds a long name; `x` of POSIX has lines: length of the line, key, value. */
function readExtension(type: 'x' | 'L', bytes: Buffer): Extension {
  if (type === 'L') return { name: textOf(bytes) }
  let extension: Extension = {}
  for (let at = 0; at < bytes.length; ) {
    const { length = '0', key = '' } = /^(?<length>[1-9]\d{0,5}) (?<key>[^=\n]+)=/.exec(bytes.toString('latin1', at, at + 200))?.groups ?? {}
    const end = at + Number(length)
    const start = at + `${length} ${key}=`.length
    if (start >= end || end > bytes.length || bytes[end - 1] !== 0x0a) throw invalid('an extended tar header cannot be read')
    const value = decode(bytes.subarray(start, end - 1))
    if (key.startsWith('GNU.sparse')) throw invalid('expected whole files in the archive, found one without its holes')
    if (key === 'path') extension = { ...extension, name: value }
    if (key === 'size') extension = { ...extension, length: sizeOf(value) }
    at = end
  }
  return extension
}

function sizeOf(text: string): number {
  if (!/^\d{1,15}$/.test(text)) throw invalid(`expected a size in an extended tar header, found ${quote(text)}`)
  return Number(text)
}

function decode(bytes: Buffer): string {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes)
  } catch (cause) {
    throw invalid('expected names in UTF-8 in the archive, found other bytes', cause)
  }
}
