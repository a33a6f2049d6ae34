// SPDX-License-Identifier: Apache-2.0
import { mkdir, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { basename, join } from 'node:path'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { layoutOf } from '../layout.ts'
import { forgetOldReleases } from '../session-host/old-releases.ts'

let folder: string
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'releases-'))
})
afterEach(() => rm(folder, { recursive: true }))

it("keeps the current release's system disk and every user disk, and removes what other releases wrote", async () => {
  const instance = layoutOf(folder).instance('i1')
  await mkdir(instance.disks, { recursive: true })
  const old = instance.systemDisk('system', 'a'.repeat(64), 'qemu')
  const current = instance.systemDisk('system', 'b'.repeat(64), 'qemu')
  const user = instance.userDisk('home', 'qemu')
  for (const file of [old, current, user]) await writeFile(file, '')
  await forgetOldReleases(instance, ['system'], 'b'.repeat(64), 'qemu')
  expect((await readdir(instance.disks)).sort()).toEqual([basename(current), basename(user)].sort())
})
