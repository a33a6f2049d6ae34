// SPDX-License-Identifier: Apache-2.0
import { cp, mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { buildProgram } from '../../../../tools/programs/build.ts'
import { createV86Backend } from '../../src/v86/backend.ts'
import type { ChildProgram } from '../../src/v86/program.ts'
import { echoDisk } from './boot-code.ts'
import { V86Fixture } from './v86-fixture.ts'

const engine = fileURLToPath(new URL('../..', import.meta.url))

describe('the child of v86', () => {
  let fixture: V86Fixture
  /** A copy of the engine, whose sources a test may change. */
  let copy: string
  let current: () => Promise<ChildProgram>

  beforeAll(async () => {
    fixture = await V86Fixture.make()
    copy = join(await mkdtemp(join(tmpdir(), 'engine-')), 'engine')
    await mkdir(copy)
    for (const part of ['src', 'package.json']) await cp(join(engine, part), join(copy, part), { recursive: true })
    await symlink(join(engine, '../../node_modules'), join(copy, 'node_modules'))
    const copied: { readonly currentChild: typeof current } = await import(join(copy, 'src/v86/program.ts'))
    current = copied.currentChild
  })

  afterAll(async () => {
    await fixture.close()
    await rm(join(copy, '..'), { recursive: true })
  })

  async function opens(program: ChildProgram): Promise<void> {
    const vm = await createV86Backend({ program }).open(await fixture.spec(await fixture.disk(echoDisk())))
    await vm.stop()
  }

  it('runs from its sources where there is no bundle', async () => {
    const program = await current()
    expect(program.entry).toBe(join(copy, 'src/v86/child/main.ts'))
    await opens(program)
  })

  it('runs from a current bundle, and may then read none of the sources', async () => {
    await buildProgram(join(copy, 'src/v86/child/main.ts'), join(copy, 'dist/v86-child.mjs'))
    const program = await current()
    expect(program.entry).toBe(join(copy, 'dist/v86-child.mjs'))
    expect(program.reads).toEqual([program.entry, program.v86Module, program.v86Wasm])
    await opens(program)
  })

  it('runs from its sources again once they are other than those of the bundle', async () => {
    await writeFile(join(copy, 'src/v86/child/main.ts'), '// changed\n', { flag: 'a' })
    expect((await current()).entry).toBe(join(copy, 'src/v86/child/main.ts'))
  })
})
