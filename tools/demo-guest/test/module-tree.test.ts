// SPDX-License-Identifier: Apache-2.0
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { ModuleTree } from '../kernel-modules.ts'

describe('ModuleTree', () => {
  let folder = ''
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'modules-'))
    await mkdir(join(folder, 'fs/deep'), { recursive: true })
    const modules = { 'fs/deep/top': 'middle,base', 'fs/middle': 'base', base: '', 'with-dash': 'base' }
    for (const [path, needs] of Object.entries(modules)) await writeFile(join(folder, `${path}.ko`), `\0depends=${needs}\0`)
  })
  afterEach(() => rm(folder, { recursive: true }))

  it('puts every module after what it needs, each once', async () => {
    const tree = await ModuleTree.open(folder)
    const order = await tree.inLoadingOrder(['top', 'with_dash', 'base'])
    expect(order.map((module) => module.name)).toEqual(['base', 'middle', 'top', 'with-dash'])
  })

  it('refuses a module that the kernel does not have', async () => {
    const tree = await ModuleTree.open(folder)
    await expect(tree.inLoadingOrder(['base', 'absent'])).rejects.toMatchObject({ code: 'module-missing' })
  })
})
