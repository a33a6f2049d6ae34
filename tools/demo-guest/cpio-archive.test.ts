// SPDX-License-Identifier: Apache-2.0
import { describe, expect, it } from 'vitest'
import { writeCpio } from './cpio-archive.ts'

interface Record {
  readonly path: string
  readonly mode: number
  readonly owner: number
  readonly content: string
}

/** Reads the format by its description, independently of the writer. */
function readCpio(archive: Buffer): Record[] {
  const records: Record[] = []
  let position = 0
  while (position < archive.length) {
    expect(archive.toString('latin1', position, position + 6)).toBe('070701')
    const field = (index: number) => Number.parseInt(archive.toString('latin1', position + 6 + index * 8, position + 14 + index * 8), 16)
    const nameEnd = position + 110 + field(11)
    const start = nameEnd + ((4 - (nameEnd % 4)) % 4)
    const end = start + field(6)
    const path = archive.toString('utf8', position + 110, nameEnd - 1)
    records.push({ path, mode: field(1), owner: field(2), content: archive.toString('utf8', start, end) })
    position = end + ((4 - (end % 4)) % 4)
  }
  return records
}

describe('writeCpio', () => {
  it('writes folders, files and links of root, each readable at a border of four bytes, and ends with the trailer', () => {
    const archive = writeCpio([
      { kind: 'folder', path: 'bin' },
      { kind: 'file', path: 'bin/one', mode: 0o755, content: Buffer.from('12345') },
      { kind: 'link', path: 'bin/sh', target: 'one' },
    ])
    expect(readCpio(archive)).toEqual([
      { path: 'bin', mode: 0o040755, owner: 0, content: '' },
      { path: 'bin/one', mode: 0o100755, owner: 0, content: '12345' },
      { path: 'bin/sh', mode: 0o120777, owner: 0, content: 'one' },
      { path: 'TRAILER!!!', mode: 0, owner: 0, content: '' },
    ])
  })

  it('gives the same bytes for the same entries', () => {
    const entries = [{ kind: 'file', path: 'init', mode: 0o755, content: Buffer.from('x') } as const]
    expect(writeCpio(entries)).toEqual(writeCpio(entries))
  })
})
