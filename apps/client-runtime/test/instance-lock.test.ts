// SPDX-License-Identifier: Apache-2.0
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it, onTestFinished } from 'vitest'
import { lockInstance } from '../session-host/instance-lock.ts'

let folder: string
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'lock-'))
})
afterEach(() => rm(folder, { recursive: true }))

/** Takes the lock in a process of its own and keeps it until that process is killed. @param before what that process is started by */
async function holder(lock: string, before: readonly string[] = []) {
  const code = `const { lockInstance } = await import(${JSON.stringify(join(import.meta.dirname, '../session-host/instance-lock.ts'))}); await lockInstance(process.argv[1]); console.log('held'); setInterval(() => {}, 1000)`
  const [program = '', ...args] = [...before, process.execPath, '--input-type=module', '-e', code, lock]
  const child = spawn(program, args, { stdio: ['ignore', 'pipe', 'inherit'] })
  await once(child.stdout, 'data')
  return child
}

describe('lockInstance', () => {
  it('refuses while another live process holds the instance and takes over once that process was killed', async () => {
    const lock = join(folder, 'lock')
    const child = await holder(lock)
    await expect(lockInstance(lock)).rejects.toMatchObject({ code: 'instance-busy' })
    child.kill('SIGKILL')
    await once(child, 'exit')
    const release = await lockInstance(lock)
    await release()
    expect(await readdir(folder)).toEqual([])
  })

  it('takes over from a process that was killed and that its parent never asks for', async () => {
    const lock = join(folder, 'lock')
    const parent = await holder(lock, ['sh', '-c', '"$0" "$@" & exec sleep 60'])
    onTestFinished(() => void parent.kill('SIGKILL'))
    await expect(lockInstance(lock)).rejects.toMatchObject({ code: 'instance-busy' })
    const pid = Number((await readFile(lock, 'utf8')).split(' ')[0])
    process.kill(pid, 'SIGKILL')
    await expect.poll(() => readFile(`/proc/${pid}/status`, 'utf8')).toMatch(/^State:\s+Z/m)
    await (await lockInstance(lock))()
    expect(await readdir(folder)).toEqual([])
  })

  it('sees a lock whose pid was given to another process as stale', async () => {
    const lock = join(folder, 'lock')
    await writeFile(lock, `${process.pid} 1`)
    await (await lockInstance(lock))()
    expect(await readdir(folder)).toEqual([])
  })

  it('takes over a lock file that a crash left empty', async () => {
    const lock = join(folder, 'lock')
    await writeFile(lock, '')
    await (await lockInstance(lock))()
    expect(await readdir(folder)).toEqual([])
  })
})
