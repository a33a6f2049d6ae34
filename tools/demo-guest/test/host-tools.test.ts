// SPDX-License-Identifier: Apache-2.0
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { findHostTools } from '../host-tools.ts'

const PROGRAMS = [
  'apt-get',
  'apt-cache',
  'cp',
  'dpkg-deb',
  'mke2fs',
  'debugfs',
  'mformat',
  'mcopy',
  'syslinux',
  'mbr.bin',
  'debian-archive-keyring.gpg',
]

describe('findHostTools', () => {
  let folder = ''
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'host-tools-'))
    for (const name of PROGRAMS) await writeFile(join(folder, name), '')
  })
  afterEach(() => rm(folder, { recursive: true }))

  it('gives the path of every program when all are there', async () => {
    const tools = await findHostTools([folder])
    expect(Object.values(tools).sort()).toEqual(PROGRAMS.map((name) => join(folder, name)).sort())
  })

  it('names all that is missing and the one command that installs it', async () => {
    for (const name of ['mcopy', 'mformat', 'mbr.bin']) await rm(join(folder, name))
    await expect(findHostTools([folder])).rejects.toMatchObject({
      code: 'tool-missing',
      message: 'missing `mformat`, `mcopy`, `mbr.bin`; install with: apt-get install mtools syslinux-common',
    })
  })
})
