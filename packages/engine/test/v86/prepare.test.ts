// SPDX-License-Identifier: Apache-2.0
import { readFile } from 'node:fs/promises'
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import { createV86Backend } from '../../src/v86/backend.ts'
import { currentChild } from '../../src/v86/program.ts'
import { echoDisk } from './boot-code.ts'
import { V86Fixture } from './v86-fixture.ts'

let fixture: V86Fixture

beforeAll(async () => {
  fixture = await V86Fixture.make()
})
afterAll(() => fixture.close())

/** Children of v86 that this process has, once there are as many. */
async function childrenOnce(count: number): Promise<readonly number[]> {
  const { entry } = await currentChild()
  return await vi.waitFor(
    async () => {
      const ids = (await readFile(`/proc/self/task/${process.pid}/children`, 'utf8')).trim().split(' ').filter(Boolean).map(Number)
      const commands = await Promise.all(ids.map((id) => readFile(`/proc/${id}/cmdline`, 'utf8').catch(() => '')))
      const found = ids.filter((_, at) => commands[at]?.includes(entry))
      expect(found).toHaveLength(count)
      return found
    },
    { timeout: 10_000 },
  )
}

describe('a v86 that was begun before its spec is known', () => {
  it('is the one that the next machine is made in, and stays when what it was begun for is over', async () => {
    const unused = new AbortController()
    fixture.backend.prepare?.(unused.signal)
    const [begun] = await childrenOnce(1)
    const vm = await fixture.open(await fixture.spec(await fixture.disk(echoDisk())))
    expect(vm.pid).toBe(begun)
    unused.abort()
    await vm.start()
    expect(vm.state).toBe('running')
    await vm.stop()
    await childrenOnce(0)
  })

  it('is ended where nobody makes a machine in it', async () => {
    const unused = new AbortController()
    const backend = createV86Backend()
    backend.prepare?.(unused.signal)
    await childrenOnce(1)
    unused.abort()
    await childrenOnce(0)
  })

  it('says what is missing when the machine is made, not before', async () => {
    const backend = createV86Backend({ firmwareFolder: '/nonexistent' })
    backend.prepare?.(new AbortController().signal)
    const spec = await fixture.spec(await fixture.disk(echoDisk()))
    await expect(backend.open(spec)).rejects.toMatchObject({ code: 'firmware-missing' })
  })
})
