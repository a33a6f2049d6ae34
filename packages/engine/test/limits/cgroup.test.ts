// SPDX-License-Identifier: Apache-2.0
//
// Cgroups of this computer, with processes that compute all the time.
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdir, mkdtemp, readdir, rm, rmdir } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import { afterEach, describe, expect, it, vi } from 'vitest'
import { EngineError } from '../../src/error.ts'
import { ProcessorLimit } from '../../src/limits/processor-limit.ts'
import { VmCgroups } from '../../src/limits/vm-cgroups.ts'
import { usageOfTree } from '../../src/stats/process-tree.ts'
import { processorShare } from './processor-share.ts'

const probed = await new VmCgroups().probe()
const cgroupFolders = async () => (probed.available ? (await readdir(probed.place.folder)).filter((name) => name.startsWith('casemate-vm-')) : [])
const spinning: { readonly child: ChildProcess; readonly limit: ProcessorLimit }[] = []

afterEach(async () => {
  for (const { child, limit } of spinning.splice(0)) {
    // A process group of its own.
    if (child.pid !== undefined) process.kill(-child.pid, 'SIGKILL')
    await once(child, 'close')
    await limit.end()
  }
})

/** Two processes that compute, one started by the other. */
function spin(limit: ProcessorLimit): ChildProcess {
  const loop = 'while :; do :; done'
  const [file = '', ...args] = limit.commandIn(['/bin/sh', '-c', `sh -c '${loop}' & ${loop}`])
  const child = spawn(file, args, { stdio: 'ignore', env: {}, detached: true })
  spinning.push({ child, limit })
  return child
}

describe.skipIf(!probed.available)('a processor limit', () => {
  it('holds a process and what it starts to its percent, is changed while they run, and lets them go when it is lifted', async () => {
    const limit = await ProcessorLimit.open(new VmCgroups())
    limit.set(10)
    limit.enforce()
    const { pid = 0 } = spin(limit)
    const held = await processorShare(pid)
    limit.set(null)
    const free = await processorShare(pid)
    limit.set(10)
    await wait(200)
    const heldAgain = await processorShare(pid)
    expect(held).toBeGreaterThan(0.02)
    expect(held).toBeLessThan(0.2)
    expect(heldAgain).toBeLessThan(0.2)
    expect(free).toBeGreaterThan(2 * Math.max(held, heldAgain))
  })

  it('is not in force before it is enforced, nor while it is lifted, and comes back as it was set last', async () => {
    const limit = await ProcessorLimit.open(new VmCgroups())
    limit.set(5)
    const { pid = 0 } = spin(limit)
    const before = await processorShare(pid)
    limit.enforce()
    await wait(200)
    const held = await processorShare(pid)
    limit.lift()
    limit.set(8)
    const lifted = await processorShare(pid)
    limit.enforce()
    await wait(200)
    const again = await processorShare(pid)
    expect(Math.max(held, again)).toBeLessThan(0.16)
    expect(Math.min(before, lifted)).toBeGreaterThan(2 * Math.max(held, again))
  })

  it('takes one percent to 256 processors, and refuses what is outside', async () => {
    const limit = await ProcessorLimit.open(new VmCgroups())
    limit.enforce()
    for (const percent of [1, 250, 25_600]) expect(() => limit.set(percent)).not.toThrow()
    for (const percent of [0, -1, 0.5, 25_601]) expect(() => limit.set(percent)).toThrow(expect.objectContaining({ code: 'spec-invalid' }))
    await limit.end()
    expect(() => limit.set(1)).not.toThrow()
  })

  it('leaves no cgroup once its processes are gone, though they were killed', async () => {
    const mine = async () => (await cgroupFolders()).filter((name) => name.startsWith(`casemate-vm-${process.pid}-`))
    const before = await mine()
    const limit = await ProcessorLimit.open(new VmCgroups())
    const [file = '', ...args] = limit.commandIn(['/bin/sleep', '1000'])
    const child = spawn(file, args, { stdio: 'ignore', env: {} })
    await once(child, 'spawn')
    expect((await mine()).length).toBe(before.length + 1)
    child.kill('SIGKILL')
    await once(child, 'close')
    await limit.end()
    expect(await mine()).toEqual(before)
  })

  it('removes the cgroup of a maker that was killed, and not one of a maker that lives', async () => {
    if (!probed.available) return
    const living = await ProcessorLimit.open(new VmCgroups())
    const [own = ''] = (await cgroupFolders()).filter((name) => name.startsWith(`casemate-vm-${process.pid}-`))
    const left = [`casemate-vm-${process.pid}-1-00000000`, 'casemate-vm-4194305-1-00000000'].map((name) => join(probed.place.folder, name))
    const foreign = join(probed.place.folder, `casemate-other-${process.pid}`)
    for (const folder of [...left, foreign]) await mkdir(folder)
    const next = await ProcessorLimit.open(new VmCgroups())
    const now = await readdir(probed.place.folder)
    await rmdir(foreign)
    await Promise.all([living.end(), next.end()])
    expect(now).toContain(own)
    for (const folder of left) expect(now).not.toContain(folder.split('/').at(-1))
  })
})

describe('where no cgroup can be made', () => {
  it.each<[string, () => Promise<string>]>([
    ['a folder that is no cgroup', () => mkdtemp(join(tmpdir(), 'cg-'))],
    ['a folder that is not there', async () => join(tmpdir(), 'no-such-cgroup')],
  ])('the probe says why, and only no limit is taken: %s', async (_name, folderOf) => {
    const folder = await folderOf()
    for (const version of [1, 2] as const) {
      const cgroups = new VmCgroups(async () => [{ version, folder }])
      expect(await cgroups.probe()).toEqual({ available: false, message: expect.stringContaining(`version ${version}: ENOENT`) })
      const limit = await ProcessorLimit.open(cgroups)
      expect(() => limit.set(null)).not.toThrow()
      expect(() => limit.set(20)).toThrow(EngineError)
      expect(() => limit.set(20)).toThrow(
        expect.objectContaining({ code: 'capability-missing', message: expect.stringContaining('`limit:processor`') }),
      )
      expect(limit.commandIn(['/bin/true'])).toEqual(['/bin/true'])
    }
    await rm(folder, { recursive: true, force: true })
  })

  it('takes the place that can, and says nothing of the other', async () => {
    if (!probed.available) return
    const { place } = probed
    const broken = { version: 2, folder: join(tmpdir(), 'no-such-cgroup') } as const
    expect(await new VmCgroups(async () => [broken, place]).probe()).toEqual({ available: true, place })
    expect(await new VmCgroups(async () => [broken]).probe()).toMatchObject({ available: false })
  })
})

describe('the use of a process tree', () => {
  it('counts what a process started and waited for', async () => {
    const child = spawn('/bin/sh', ['-c', 'i=0; (while [ $i -lt 400000 ]; do i=$((i+1)); done); read line'], { stdio: ['pipe', 'ignore', 'ignore'] })
    await vi.waitFor(async () => expect((await usageOfTree(child.pid ?? 0)).processorSeconds).toBeGreaterThan(0.1), { timeout: 30_000 })
    expect((await usageOfTree(child.pid ?? 0)).residentBytes).toBeGreaterThan(100_000)
    child.stdin?.end()
    await once(child, 'close')
  })

  it('is nothing once the process is gone', async () => {
    const child = spawn('/bin/true')
    await once(child, 'close')
    expect(await usageOfTree(child.pid ?? 0)).toEqual({ processorSeconds: 0, residentBytes: 0 })
  })
})
