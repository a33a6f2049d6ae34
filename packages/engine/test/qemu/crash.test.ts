// SPDX-License-Identifier: Apache-2.0
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, readdir, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setImmediate as turn } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { createQemuBackend } from '../../src/qemu/backend.ts'
import { chattyDisk } from '../boot-disk.ts'
import { processesOf, qemuOf } from './contained-processes.ts'
import { NbdHost } from './nbd-host.ts'
import { ideDisk, newSpec } from './new-spec.ts'

let root: string
let nbd: NbdHost

beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), 'cm-'))
  nbd = new NbdHost(root)
})
afterAll(async () => {
  await nbd.close()
  await rm(root, { recursive: true })
})

async function untilGone(name: string): Promise<void> {
  while ((await processesOf(name)).length > 0) await turn()
}

describe('a VM', () => {
  it('does not outlive a session host that is killed, and its leftovers do not stop the next one', async () => {
    const spec = newSpec(await mkdtemp(join(root, 'vm-')), [ideDisk({ kind: 'writable-nbd', nbd: await nbd.serve(chattyDisk(2048)) })])
    const fixture = fileURLToPath(new URL('./session-host-fixture.ts', import.meta.url))
    const host = spawn(process.execPath, [fixture, JSON.stringify(spec), join(root, 'cache')], { stdio: ['ignore', 'pipe', 'inherit'] })
    await once(host.stdout, 'data')
    expect(await qemuOf(spec.name)).toBeDefined()
    host.kill('SIGKILL')
    await untilGone(spec.name)
    expect(await readdir(join(spec.runtimeFolder, 'vm'))).toEqual(['display.sock'])
    const vm = await createQemuBackend({ cacheFolder: join(root, 'cache') }).open(spec)
    await vm.start()
    await vm.stop()
    expect(await readdir(spec.runtimeFolder)).toEqual([])
  })

  it('whose QEMU hangs is gone after stop', async () => {
    const spec = newSpec(await mkdtemp(join(root, 'vm-')), [ideDisk({ kind: 'writable-nbd', nbd: await nbd.serve(chattyDisk(2048)) })])
    const vm = await createQemuBackend({ cacheFolder: join(root, 'cache') }).open(spec)
    await vm.start()
    const pid = await qemuOf(spec.name)
    if (pid === undefined) throw new Error('no QEMU of this name runs')
    process.kill(pid, 'SIGSTOP')
    const pausing = vm.pause()
    await Promise.all([expect(pausing).rejects.toMatchObject({ code: 'vm-exited' }), vm.stop()])
    expect(await vm.exited).toMatchObject({ state: 'stopped' })
    await untilGone(spec.name)
    expect(await readdir(spec.runtimeFolder)).toEqual([])
  })

  it('says why QEMU ended when it is killed from outside', async () => {
    const spec = newSpec(await mkdtemp(join(root, 'vm-')), [ideDisk({ kind: 'writable-nbd', nbd: await nbd.serve(chattyDisk(2048)) })])
    const vm = await createQemuBackend({ cacheFolder: join(root, 'cache') }).open(spec)
    await vm.start()
    const pid = await qemuOf(spec.name)
    if (pid === undefined) throw new Error('no QEMU of this name runs')
    process.kill(pid, 'SIGTERM')
    const { state, message } = await vm.exited
    expect(state).toBe('failed')
    expect(message).toContain('terminating on signal 15')
  })
})
