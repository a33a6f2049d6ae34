// SPDX-License-Identifier: Apache-2.0
//
// The members of tar archives, as programs write them and as they never should be.
import { execFileSync } from 'node:child_process'
import { truncate, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { type Member, readMembers } from '../src/appliance/archive.ts'
import { openImageFile } from '../src/source/image-file.ts'
import { temporaryFolder } from './disks.ts'

interface Header {
  readonly name: string
  readonly type?: string
  readonly size?: string | Buffer
  readonly folder?: string
  readonly magic?: string
  readonly sum?: number
}

/** A header of POSIX ustar, with the sum of its bytes. */
function headerOf({ name, type = '0', size = '0', folder = '', magic = 'ustar\x0000', sum }: Header): Buffer {
  const header = Buffer.alloc(512)
  header.write(name, 0, 100)
  header.write('0000644\0', 100)
  if (typeof size === 'string') header.write(size.padStart(11, '0'), 124)
  else size.copy(header, 124)
  header.write(' '.repeat(8), 148)
  header.write(type, 156)
  header.write(magic, 257)
  header.write(folder, 345)
  const found = sum ?? header.reduce((total, byte) => total + byte, 0)
  header.write(`${found.toString(8).padStart(6, '0')}\0 `, 148)
  return header
}

const end = Buffer.alloc(1024)

async function membersOf(bytes: Uint8Array, length = bytes.length): Promise<readonly Member[]> {
  const path = join(await temporaryFolder(), 'a.ova')
  await writeFile(path, bytes)
  await truncate(path, length)
  return await readAt(path)
}

async function readAt(path: string): Promise<readonly Member[]> {
  const archive = await openImageFile(path)
  try {
    return await readMembers(archive)
  } finally {
    await archive.file.close()
  }
}

/** An extended header of POSIX with one line. */
function extended(line: string): Buffer {
  return Buffer.concat([headerOf({ name: 'x', type: 'x', size: line.length.toString(8) }), Buffer.from(line.padEnd(512, '\0'))])
}

const nineGiB = 9 * 2 ** 30
const binary = (length: number): Buffer => {
  const field = Buffer.alloc(12)
  field.writeUInt8(0x80)
  field.writeBigUInt64BE(BigInt(length), 4)
  return field
}

describe('the members of an archive', () => {
  it.each(['ustar', 'gnu', 'posix'])('that tar wrote as %s are found where they lie', async (format) => {
    const folder = await temporaryFolder()
    await writeFile(join(folder, 'a.ovf'), 'descriptor')
    await writeFile(join(folder, 'disk 1.raw'), Buffer.alloc(1536, 7))
    execFileSync('tar', [`--format=${format}`, '-cf', 'a.ova', 'a.ovf', 'disk 1.raw'], { cwd: folder })
    const members = await readAt(join(folder, 'a.ova'))
    expect(members.map(({ name, length }) => [name, length])).toEqual([
      ['a.ovf', 10],
      ['disk 1.raw', 1536],
    ])
  })

  it.each(['gnu', 'posix'])('have names that are too long for a header of their own, as %s', async (format) => {
    const folder = await temporaryFolder()
    const name = `${'n'.repeat(150)}.ovf`
    await writeFile(join(folder, name), '')
    execFileSync('tar', [`--format=${format}`, '-cf', 'a.ova', name], { cwd: folder })
    expect(await readAt(join(folder, 'a.ova'))).toMatchObject([{ name, length: 0 }])
  })

  it('may be longer than 8 GiB, with their size in binary or in an extended header', async () => {
    const after = 1024 + nineGiB
    const big = { name: 'b.vmdk', offset: 512, length: nineGiB }
    expect(await membersOf(headerOf({ name: 'b.vmdk', size: binary(nineGiB) }), after)).toEqual([big])
    const line = extended(`19 size=${nineGiB}\n`)
    expect(await membersOf(Buffer.concat([line, headerOf({ name: 'b.vmdk' })]), 2048 + nineGiB)).toEqual([{ ...big, offset: 1536 }])
  })
})

describe('an archive is refused', () => {
  const plain = headerOf({ name: 'a.ovf', size: '1' })
  const content = Buffer.alloc(512, 1)

  it('in no case when it is whole', async () => {
    expect(await membersOf(Buffer.concat([plain, content, end]))).toEqual([{ name: 'a.ovf', offset: 512, length: 1 }])
  })

  const cases: readonly [string, readonly Buffer[]][] = [
    ['with a symbolic link', [plain, content, headerOf({ name: 'b', type: '2' }), end]],
    ['with a hard link', [plain, content, headerOf({ name: 'b', type: '1' }), end]],
    ['with a device', [plain, content, headerOf({ name: 'b', type: '4' }), end]],
    ['with a folder', [plain, content, headerOf({ name: 'b', type: '5' }), end]],
    ['with a header for all members', [headerOf({ name: 'b', type: 'g' }), plain, content, end]],
    ['with a name twice', [plain, content, plain, content, end]],
    ['with a path', [headerOf({ name: '../a.ovf' }), end]],
    ['with a path in two parts', [headerOf({ name: 'a.ovf', folder: 'etc' }), end]],
    ['with a path in an extended header', [extended('16 path=../a.ovf\n'), plain, content, end]],
    ['with a name that is empty', [headerOf({ name: '' }), end]],
    ['with a sparse member', [extended('22 GNU.sparse.major=1\n'), plain, content, end]],
    ['with an extended header that cannot be read', [extended('99 path=a.ovf\n'), plain, content, end]],
    ['with a wrong sum', [headerOf({ name: 'a.ovf', sum: 1 }), end]],
    ['of an older format', [headerOf({ name: 'a.ovf', magic: '' }), end]],
    ['with a size that is none', [headerOf({ name: 'a.ovf', size: '9' }), end]],
    ['with a size beyond all numbers', [headerOf({ name: 'a.ovf', size: binary(Number.MAX_SAFE_INTEGER + 1) }), end]],
    ['that is cut off within a member', [plain]],
    ['with more than 256 members', [...Array.from({ length: 257 }, (_, at) => headerOf({ name: `a${at}` })), end]],
  ]
  it.each(cases)('%s, appliance-invalid', async (_, parts) => {
    await expect(membersOf(Buffer.concat(parts))).rejects.toMatchObject({ code: 'appliance-invalid' })
  })
})
