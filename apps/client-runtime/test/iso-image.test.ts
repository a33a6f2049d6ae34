// SPDX-License-Identifier: Apache-2.0
//
// The CD image as another program reads it: isoinfo of cdrkit.
import { execFile } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { type IsoFile, isoImage } from '../session-host/customization/iso-image.ts'

const run = promisify(execFile)
let folder: string
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'iso-'))
})
afterEach(() => rm(folder, { recursive: true }))

const content = (length: number) => randomBytes(length)
/** With names as long as they may be, so that the folder takes several sectors. */
const files: readonly IsoFile[] = [
  { name: 'user-data', content: content(70_000) },
  { name: 'meta-data', content: content(0) },
  { name: 'network-config', content: content(2048) },
  { name: 'Autounattend.xml', content: content(1) },
  ...Array.from({ length: 12 }, (_, index) => ({
    name: `${'long.name-'.repeat(6)}${String(index).padStart(4, '0')}`,
    content: content(index * 500),
  })),
]

async function isoinfo(image: Buffer, ...args: readonly string[]): Promise<Buffer> {
  const path = join(folder, 'medium.iso')
  await writeFile(path, image)
  const { stdout } = await run('isoinfo', [...args, '-i', path], { encoding: 'buffer', maxBuffer: 1 << 22 })
  return stdout
}

it('has its label and every file under its own name, byte for byte', async () => {
  const image = isoImage('CIDATA', files)
  expect(image.length % 2048).toBe(0)
  expect((await isoinfo(image, '-d')).toString()).toMatch(/Volume id: CIDATA[\s\S]*Joliet with UCS level 3 found/)
  const listed = (await isoinfo(image, '-J', '-f')).toString().trim().split('\n')
  expect(listed.sort()).toEqual(files.map(({ name }) => `/${name}`).sort())
  for (const file of files) expect((await isoinfo(image, '-J', '-x', `/${file.name}`)).equals(file.content), file.name).toBe(true)
})

it('has numbered names for a reader that knows ISO 9660 only', async () => {
  const [first, second, third] = files
  if (first === undefined || second === undefined || third === undefined) throw new Error('expected three files')
  const image = isoImage('CIDATA', [first, second, third])
  expect((await isoinfo(image, '-f')).toString().trim().split('\n')).toEqual(['/FILE01.;1', '/FILE02.;1', '/FILE03.;1'])
  expect((await isoinfo(image, '-x', '/FILE03.;1')).equals(first.content)).toBe(true)
})

it('is the same bytes for the same files in any order, and refuses what it cannot hold', () => {
  expect(isoImage('CIDATA', files).equals(isoImage('CIDATA', [...files].reverse()))).toBe(true)
  expect(() => isoImage('cidata', files)).toThrow(RangeError)
  expect(() =>
    isoImage(
      'CIDATA',
      Array.from({ length: 33 }, (_, index) => ({ name: `f${index}`, content: content(1) })),
    ),
  ).toThrow(RangeError)
})
