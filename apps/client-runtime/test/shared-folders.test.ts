// SPDX-License-Identifier: Apache-2.0
//
// Which folders a user may give to a guest, and how they are remembered.
import { mkdir, mkdtemp, realpath, rename, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { type Layout, layoutOf } from '../layout.ts'
import { shareable } from '../session-host/sharing/shareable.ts'
import { addFolder, readFolders, removeFolder } from '../session-host/sharing/shared-folders.ts'

let root: string
let layout: Layout
const at = (...names: string[]) => join(root, ...names)

beforeEach(async () => {
  root = await realpath(await mkdtemp(join(tmpdir(), 'folders-')))
  for (const path of ['home/Documents', 'home/.ssh', 'home/.config/app', 'work/data', 'work/other']) await mkdir(at(path), { recursive: true })
  vi.stubEnv('HOME', at('home'))
  layout = layoutOf(at('work', 'data'))
  await mkdir(layout.instance('demo-1').folder, { recursive: true })
})
afterEach(async () => {
  vi.unstubAllEnvs()
  await rm(root, { recursive: true })
})

describe('a folder that is to be shared', () => {
  it('is any of the user, by its path without links', async () => {
    await symlink(at('home', 'Documents'), at('link'))
    for (const path of [at('home', 'Documents'), at('link')]) expect(await shareable(path, layout)).toBe(at('home', 'Documents'))
    expect(await shareable(at('work', 'other'), layout)).toBe(at('work', 'other'))
  })

  it.each([
    ...['/', '/etc', '/proc/self', '/sys', '/dev', '/usr/lib', '/run', '/var'],
    ...['home', 'home/.ssh', 'home/.config/app', 'work', 'work/data', 'work/data/instances/demo-1', '.'],
  ])('is refused where it is of the system, hidden, the runtime, or holds one of these: %s', async (path) => {
    await expect(shareable(path.startsWith('/') ? path : at(path), layout)).rejects.toMatchObject({ code: 'folder-forbidden' })
  })

  it('is refused where a link leads to one of these, and where it is no folder', async () => {
    await symlink(at('home', '.ssh'), at('link'))
    await expect(shareable(at('link'), layout)).rejects.toMatchObject({ code: 'folder-forbidden' })
    await writeFile(at('file'), '')
    for (const path of ['file', 'none']) await expect(shareable(at(path), layout)).rejects.toMatchObject({ code: 'folder-missing' })
  })

  it('is another one where it was put aside for a link', async () => {
    const chosen = await shareable(at('work', 'other'), layout)
    await rename(chosen, at('work', 'moved'))
    await symlink(at('home', 'Documents'), chosen)
    expect(await shareable(chosen, layout)).not.toBe(chosen)
  })
})

describe('the folders of an instance', () => {
  it('keep their places, of which there are eight', async () => {
    const kept = layout.instance('demo-1')
    for (let count = 0; count < 8; count++) await addFolder(kept, `/folder${count}`, false)
    await expect(addFolder(kept, '/one-more', false)).rejects.toMatchObject({ code: 'folders-too-many' })
    await addFolder(kept, '/folder3', true)
    await removeFolder(kept, '/folder5')
    await expect(removeFolder(kept, '/folder5')).rejects.toMatchObject({ code: 'folder-unknown' })
    await addFolder(kept, '/one-more', false)
    const folders = await readFolders(kept)
    expect(folders.map(({ path }) => path)).toEqual([0, 1, 2, 3, 4].map((count) => `/folder${count}`).concat('/one-more', '/folder6', '/folder7'))
    expect(folders.filter(({ readOnly }) => readOnly)).toEqual([{ place: 3, path: '/folder3', readOnly: true }])
  })
})
