// SPDX-License-Identifier: Apache-2.0
//
// Machines whose guest computes all the time, and what they get of a processor.
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, readdir, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest'
import { VmCgroups } from '../../src/limits/vm-cgroups.ts'
import { createQemuBackend } from '../../src/qemu/backend.ts'
import { createV86Backend } from '../../src/v86/backend.ts'
import { V86Machine } from '../../src/v86/machine.ts'
import type { EngineBackend, VirtualMachine, VmSpec } from '../../src/virtual-machine.ts'
import { chattyDisk } from '../boot-disk.ts'
import { qemuOf } from '../qemu/contained-processes.ts'
import { NbdHost } from '../qemu/nbd-host.ts'
import { ideDisk, newSpec } from '../qemu/new-spec.ts'
import { processorShare } from './processor-share.ts'

const probed = await new VmCgroups().probe()
const patient = { timeout: 60_000, interval: 100 }
const cgroupsOf = async (pid = process.pid) =>
  probed.available ? (await readdir(probed.place.folder)).filter((name) => name.startsWith(`casemate-vm-${pid}-`)) : []
const nowhere = () => new VmCgroups(async () => [{ version: 1, folder: join(tmpdir(), 'no-such-cgroup') }])

let root: string
let nbd: NbdHost
const opened: VirtualMachine[] = []

afterEach(async () => {
  for (const vm of opened.splice(0)) await vm.stop()
})
beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), 'cm-'))
  nbd = new NbdHost(root)
})
afterAll(async () => {
  await nbd.close()
  await rm(root, { recursive: true })
})

const spec = async (): Promise<VmSpec> =>
  newSpec(await mkdtemp(join(root, 'vm-')), [ideDisk({ kind: 'writable-nbd', nbd: await nbd.serve(chattyDisk(2048)) })])

describe.each<[name: string, backend: (cgroups?: VmCgroups) => EngineBackend]>([
  ['qemu', (cgroups) => createQemuBackend({ cacheFolder: join(root, 'cache'), ...(cgroups === undefined ? {} : { cgroups }) })],
  ['v86', (cgroups) => createV86Backend(cgroups === undefined ? {} : { cgroups })],
])('a VM of %s', (_name, backendWith) => {
  const open = async (backend: EngineBackend, of: VmSpec): Promise<VirtualMachine> => {
    const vm = await backend.open(of)
    opened.push(vm)
    await vm.start()
    return vm
  }

  it.skipIf(!probed.available)(
    'gets its percent of a processor and little more, at once more when that is lifted, and leaves no cgroup',
    async () => {
      const limited = { ...(await spec()), processorPercent: 10 }
      const backend = backendWith()
      expect(await backend.probe()).toMatchObject({
        available: true,
        capabilities: expect.toSatisfy((all: Set<string>) => all.has('limit:processor')),
      })
      const vm = await open(backend, limited)
      expect(await cgroupsOf()).toHaveLength(1)
      const pid = await pidOf(vm, limited)
      const held = await processorShare(pid)
      vm.setProcessorPercent(null)
      const free = await processorShare(pid)
      vm.setProcessorPercent(10)
      await wait(200)
      const heldAgain = await processorShare(pid)
      expect(held).toBeGreaterThan(0.02)
      expect(Math.max(held, heldAgain)).toBeLessThan(0.2)
      expect(free).toBeGreaterThan(2 * Math.max(held, heldAgain))
      await vm.stop()
      expect(await cgroupsOf()).toEqual([])
    },
  )

  it.skipIf(!probed.available)('leaves no cgroup when its process is killed', async () => {
    const killed = await spec()
    const vm = await open(backendWith(), killed)
    expect(await cgroupsOf()).toHaveLength(1)
    process.kill(await pidOf(vm, killed), 'SIGKILL')
    expect(await vm.exited).toMatchObject({ state: 'failed' })
    expect(await cgroupsOf()).toEqual([])
  })

  it('runs without a limit where no cgroup can be made, and is refused one by name', async () => {
    const backend = backendWith(nowhere())
    expect(await backend.probe()).toMatchObject({
      available: true,
      capabilities: expect.toSatisfy((all: Set<string>) => !all.has('limit:processor')),
    })
    const refused = { code: 'capability-missing', message: expect.stringContaining('`limit:processor`') }
    await expect(backend.open({ ...(await spec()), processorPercent: 50 })).rejects.toMatchObject(refused)
    const vm = await open(backend, await spec())
    expect(() => vm.setProcessorPercent(50)).toThrow(expect.objectContaining(refused))
    expect(() => vm.setProcessorPercent(null)).not.toThrow()
    expect(vm.state).toBe('running')
  })
})

describe.skipIf(!probed.available)('a session host that was killed', () => {
  it('leaves a cgroup, which the next VM of anyone removes', async () => {
    const fixture = fileURLToPath(new URL('../qemu/session-host-fixture.ts', import.meta.url))
    const host = spawn(process.execPath, [fixture, JSON.stringify(await spec()), join(root, 'cache')], { stdio: ['ignore', 'pipe', 'inherit'] })
    await once(host.stdout, 'data')
    expect(await cgroupsOf(host.pid)).toHaveLength(1)
    host.kill('SIGKILL')
    await once(host, 'close')
    expect(await cgroupsOf(host.pid)).toHaveLength(1)
    await vi.waitFor(async () => {
      const next = await createQemuBackend({ cacheFolder: join(root, 'cache') }).open(await spec())
      await next.stop()
      expect(await cgroupsOf(host.pid)).toEqual([])
    }, patient)
  })
})

async function pidOf(vm: VirtualMachine, { name }: VmSpec): Promise<number> {
  if (vm instanceof V86Machine && vm.pid !== undefined) return vm.pid
  return vi.waitFor(async () => {
    const pid = await qemuOf(name)
    if (pid === undefined) throw new Error(`no process runs \`${name}\``)
    return pid
  }, patient)
}
