// SPDX-License-Identifier: Apache-2.0
//
// Files of one folder as a CD image: ISO 9660 (ECMA-119) with a Joliet directory (UCS-2 names up to 64 characters), which Linux and Windows
// show in place of the other. Pure, and the same bytes for the same files: a suspended guest finds its CD as it was. It is written here and
// not by a program, because the files hold secrets, which stay in memory.

const sectorBytes = 2048
/** In sectors, one behind the other. */
const place = { primary: 16, joliet: 17, end: 18, paths: 19, jolietPaths: 21, root: 23, jolietRoot: 24, files: 28 } as const
const jolietRootSectors = place.files - place.jolietRoot
/** UCS-2 level 3 (Joliet specification, section 3). */
const jolietLevel = Buffer.from('%/E', 'ascii')

export interface IsoFile {
  /** Letters, digits and `._-`, at most 64. */
  readonly name: string
  readonly content: Uint8Array
}

interface PlacedFile extends IsoFile {
  readonly sector: number
}

/** @param label at most 16 capitals. @param files at most 32, each name once. */
export function isoImage(label: string, files: readonly IsoFile[]): Buffer {
  if (!/^[A-Z0-9_]{1,16}$/.test(label) || files.length > 32) throw new RangeError(`a CD \`${label}\` of ${files.length} files`)
  let next: number = place.files
  const placed: PlacedFile[] = []
  for (const file of [...files].sort((one, other) => (one.name < other.name ? -1 : 1))) {
    placed.push({ ...file, sector: next })
    next += Math.ceil(file.content.length / sectorBytes)
  }
  const image = Buffer.alloc(next * sectorBytes)
  const at = (sector: number) => image.subarray(sector * sectorBytes)
  const roots = { primary: { sector: place.root, sectors: 1 }, joliet: { sector: place.jolietRoot, sectors: jolietRootSectors } }
  describeVolume(at(place.primary), {
    type: 1,
    label: Buffer.from(label.padEnd(32), 'ascii'),
    sectors: next,
    paths: place.paths,
    root: roots.primary,
  })
  describeVolume(at(place.joliet), { type: 2, label: ucs2(label.padEnd(16)), sectors: next, paths: place.jolietPaths, root: roots.joliet })
  jolietLevel.copy(at(place.joliet), 88)
  at(place.end).write('\xffCD001\x01', 'latin1')
  // Readers that know no Joliet see numbered names: ISO 9660 itself has neither small letters nor `-`.
  const numbered = placed.map((file, index) => ({ file, name: Buffer.from(`FILE${String(index + 1).padStart(2, '0')}.;1`, 'ascii') }))
  writeFolder(image, roots.primary, numbered)
  writeFolder(
    image,
    roots.joliet,
    placed.map((file) => ({ file, name: ucs2(file.name) })),
  )
  for (const { sector, content } of placed) at(sector).set(content)
  return image
}

interface Extent {
  readonly sector: number
  readonly sectors: number
}

interface Volume {
  readonly type: 1 | 2
  readonly label: Buffer
  readonly sectors: number
  /** Of the path tables: the little-endian one, and the big-endian one behind it. */
  readonly paths: number
  readonly root: Extent
}

/** ECMA-119, sections 8.4 and 8.5, and the two path tables (9.4) with their one folder. */
function describeVolume(out: Buffer, { type, label, sectors, paths, root }: Volume): void {
  const blank = (text: string) => (type === 1 ? Buffer.from(text, 'ascii') : ucs2(text.slice(text.length / 2)))
  out.writeUInt8(type, 0)
  out.write('CD001\x01', 1, 'latin1')
  blank(' '.repeat(32)).copy(out, 8)
  label.copy(out, 40)
  bothEndian32(out, 80, sectors)
  for (const [offset, value] of [
    [120, 1],
    [124, 1],
    [128, sectorBytes],
  ] as const)
    bothEndian16(out, offset, value)
  bothEndian32(out, 132, 10)
  out.writeUInt32LE(paths, 140)
  out.writeUInt32BE(paths + 1, 148)
  record(Buffer.from([0]), root.sector, root.sectors * sectorBytes, true).copy(out, 156)
  blank(' '.repeat(4 * 128 + 3 * 37 + 1)).copy(out, 190)
  for (const offset of [813, 830, 847, 864]) out.write('0'.repeat(16), offset, 'ascii')
  out.writeUInt8(1, 881)
  for (const [sector, bigEndian] of [
    [paths, false],
    [paths + 1, true],
  ] as const) {
    const table = out.subarray((sector - (type === 1 ? place.primary : place.joliet)) * sectorBytes)
    table.writeUInt8(1, 0)
    if (bigEndian) table.writeUInt32BE(root.sector, 2)
    else table.writeUInt32LE(root.sector, 2)
    if (bigEndian) table.writeUInt16BE(1, 6)
    else table.writeUInt16LE(1, 6)
  }
}

/** Records in the order of their names; none crosses a border of sectors (6.8.1.1). */
function writeFolder(image: Buffer, { sector, sectors }: Extent, files: readonly { readonly file: PlacedFile; readonly name: Buffer }[]): void {
  const [own, parent] = [0, 1].map((id) => record(Buffer.from([id]), sector, sectors * sectorBytes, true))
  const records = files.map(({ file, name }) => record(name, file.sector, file.content.length, false))
  let at = 0
  for (const bytes of [own, parent, ...records]) {
    if (bytes === undefined) continue
    if ((at % sectorBytes) + bytes.length > sectorBytes) at = Math.ceil(at / sectorBytes) * sectorBytes
    bytes.copy(image, sector * sectorBytes + at)
    at += bytes.length
  }
}

/** A directory record (9.1), dated 2000-01-01. */
function record(name: Buffer, sector: number, bytes: number, folder: boolean): Buffer {
  const out = Buffer.alloc(33 + name.length + (name.length % 2 === 0 ? 1 : 0))
  out.writeUInt8(out.length, 0)
  bothEndian32(out, 2, sector)
  bothEndian32(out, 10, bytes)
  out.set([100, 1, 1, 0, 0, 0, 0, folder ? 2 : 0], 18)
  bothEndian16(out, 28, 1)
  out.writeUInt8(name.length, 32)
  name.copy(out, 33)
  return out
}

function bothEndian32(out: Buffer, offset: number, value: number): void {
  out.writeUInt32LE(value, offset)
  out.writeUInt32BE(value, offset + 4)
}

function bothEndian16(out: Buffer, offset: number, value: number): void {
  out.writeUInt16LE(value, offset)
  out.writeUInt16BE(value, offset + 2)
}

function ucs2(text: string): Buffer {
  return Buffer.from(text, 'utf16le').swap16()
}
