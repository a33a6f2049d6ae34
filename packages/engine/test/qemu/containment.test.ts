// SPDX-License-Identifier: Apache-2.0
import { randomBytes } from 'node:crypto'
import { mkdtemp, readdir, readFile, readlink, realpath, rm, symlink } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { createQemuBackend } from '../../src/qemu/backend.ts'
import { findInstallation } from '../../src/qemu/installation.ts'
import { createOverlay } from '../../src/qemu/overlay.ts'
import type { VirtualMachine, VmSpec } from '../../src/virtual-machine.ts'
import { chattyDisk, diskBytes } from '../boot-disk.ts'
import { processesOf, qemuOf } from './contained-processes.ts'
import { NbdHost } from './nbd-host.ts'
import { ideDisk, newSpec } from './new-spec.ts'

const key = randomBytes(32)
let root: string
let nbd: NbdHost
let spec: VmSpec
let vm: VirtualMachine
let pid: number

beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), 'cm-'))
  nbd = new NbdHost(root)
  const file = join(root, 'overlay.qcow2')
  await createOverlay({ file, key, sizeBytes: diskBytes })
  spec = newSpec(await mkdtemp(join(root, 'vm-')), [ideDisk({ kind: 'luks-overlay', base: await nbd.serve(chattyDisk(2048)), file, key })])
  vm = await createQemuBackend({ cacheFolder: join(root, 'cache') }).open(spec)
  await vm.start()
  const found = await qemuOf(spec.name)
  if (found === undefined) throw new Error('no QEMU of this name runs')
  pid = found
})
afterAll(async () => {
  await vm.stop()
  await nbd.close()
  await rm(root, { recursive: true })
})

const proc = (name: string): Promise<string> => readFile(`/proc/${pid}/${name}`, 'utf8')

describe('a running QEMU', () => {
  it('filters its system calls, holds no capability and cannot gain any', async () => {
    const status = await proc('status')
    expect(status).toMatch(/^Seccomp:\t2$/m)
    expect(status).toMatch(/^NoNewPrivs:\t1$/m)
    for (const set of ['CapInh', 'CapPrm', 'CapEff', 'CapAmb']) expect(status).toMatch(new RegExp(`^${set}:\\t0+$`, 'm'))
  })

  it.each(['user', 'pid', 'net', 'mnt', 'ipc', 'uts'])('lives in a %s namespace of its own', async (namespace) => {
    expect(await readlink(`/proc/${pid}/ns/${namespace}`)).not.toBe(await readlink(`/proc/self/ns/${namespace}`))
  })

  it('has no network interface but its own loopback', async () => {
    const interfaces = (await proc('net/dev'))
      .split('\n')
      .slice(2)
      .flatMap((line) => line.split(':')[0]?.trim() || [])
    expect(interfaces).toEqual(['lo'])
  })

  it('sees of the host only what it is made of and the files of this VM', async () => {
    expect((await readdir(`/proc/${pid}/root`)).sort()).toEqual(['dev', 'etc', 'lib', 'lib64', 'usr', 'vm'])
    expect(await readdir(`/proc/${pid}/root/etc`)).toEqual(['ld.so.cache'])
    expect(await readdir(`/proc/${pid}/root/usr/bin`)).toEqual(['qemu-system-x86_64'])
    expect((await readdir(`/proc/${pid}/root/vm`)).sort()).toEqual(['disk0.qcow2', 'key0', 'nbd0.sock', 'run'])
  })

  it('may write only to the overlay, its socket folder and its own devices', async () => {
    const writable = (await proc('mountinfo'))
      .split('\n')
      .filter((line) => / rw[, ]/.test(line.split(' - ')[0] ?? ''))
      .map((line) => line.split(' ')[4] ?? '')
    expect(writable.filter((path) => !path.startsWith('/dev')).sort()).toEqual(['/vm/disk0.qcow2', '/vm/run'])
  })

  it('shows the key neither in its arguments nor in its environment, nor do the processes around it', async () => {
    const pids = await processesOf(spec.name)
    expect(pids.length).toBeGreaterThan(1)
    const forms = [Buffer.from(key).toString('hex'), Buffer.from(key).toString('base64'), Buffer.from(key).toString('latin1')]
    for (const each of pids) {
      const said = (await readFile(`/proc/${each}/cmdline`, 'latin1')) + (await readFile(`/proc/${each}/environ`, 'latin1'))
      for (const form of forms) expect(said.includes(form)).toBe(false)
    }
    // Set by bubblewrap itself.
    expect(await proc('environ')).toBe('PWD=/\0')
  })
})

describe('a host', () => {
  const folderWith = async (programs: Readonly<Record<string, string>>): Promise<string> => {
    const folder = await mkdtemp(join(root, 'bin-'))
    for (const [name, target] of Object.entries(programs)) await symlink(target, join(folder, name))
    return folder
  }
  const qemu = { 'qemu-system-x86_64': '/usr/bin/qemu-system-x86_64', 'qemu-img': '/usr/bin/qemu-img' }
  const probe = async (programs: Readonly<Record<string, string>>) => {
    const backend = createQemuBackend({ cacheFolder: await mkdtemp(join(root, 'cache-')), folders: [await folderWith(programs)] })
    const refusal = await backend.open(spec).then(
      () => 'opened',
      (error: { code?: string }) => error.code,
    )
    return { report: await backend.probe(), refusal }
  }

  it('with QEMU and bubblewrap offers the engine', async () => {
    const folders = [await folderWith({ ...qemu, bwrap: '/usr/bin/bwrap' })]
    expect(await createQemuBackend({ cacheFolder: await mkdtemp(join(root, 'cache-')), folders }).probe()).toMatchObject({ available: true })
  })

  it.each<[string, Readonly<Record<string, string>>, string]>([
    ['without bubblewrap', qemu, 'containment-missing'],
    ['whose bubblewrap does not work', { ...qemu, bwrap: '/usr/bin/false' }, 'containment-missing'],
    ['without QEMU', { bwrap: '/usr/bin/bwrap' }, 'engine-missing'],
    ['whose QEMU is something else', { ...qemu, 'qemu-system-x86_64': '/usr/bin/true', bwrap: '/usr/bin/bwrap' }, 'engine-missing'],
  ])('%s starts nothing and says why', async (_, programs, code) => {
    const { report, refusal } = await probe(programs)
    expect(report).toMatchObject({ available: false, code })
    expect(refusal).toBe(code)
  })

  it('is to do without a QEMU that is not on PATH, and is not told by PATH where it is', async () => {
    const installed = await folderWith({ ...qemu, bwrap: '/usr/bin/bwrap' })
    const elsewhere = await folderWith({ 'qemu-system-x86_64': '/usr/bin/true' })
    await expect(findInstallation([installed], await folderWith({}))).rejects.toMatchObject({ code: 'engine-missing' })
    await expect(findInstallation([installed], elsewhere)).resolves.toMatchObject({ qemu: await realpath('/usr/bin/qemu-system-x86_64') })
  })
})
