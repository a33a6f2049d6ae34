// SPDX-License-Identifier: Apache-2.0
//
// When an instance may go on from its package's warm state, and what its disks hold then: real overlays over a package in a real store.
import { randomBytes } from 'node:crypto'
import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { createFakeBackend } from '@casemate/engine/fake'
import { openOverlay } from '@casemate/engine/overlay'
import type { MachineShape, PortableStates, VirtualMachine, VmSpec } from '@casemate/engine/virtual-machine'
import { closedPlan, type LaunchPlan, launchPlan } from '@casemate/policy/launch-plan'
import { openChunkCache } from '@casemate/vm-package/chunk-cache'
import { type Manifest, openManifest } from '@casemate/vm-package/manifest'
import type { ObjectStore } from '@casemate/vm-package/object-store'
import { openPackageDisk, type PackageDisk } from '@casemate/vm-package/read'
import { sealPackage } from '@casemate/vm-package/seal'
import { openFolderStore } from '@casemate/vm-package/store'
import { openWarmState } from '@casemate/vm-package/warm-state'
import { sealWarmState } from '@casemate/vm-package/warm-state-seal'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { layoutOf } from '../layout.ts'
import { cachedFiles } from '../session-host/cached-files.ts'
import { EventLog } from '../session-host/event-log.ts'
import { isFresh, openInstanceDisks } from '../session-host/instance-disks.ts'
import { openVm } from '../session-host/open-vm.ts'
import { ownDisk } from '../session-host/own-disk.ts'
import { warmStart } from '../session-host/warm-state/warm-start.ts'

const machine = 'v86 0.5.462; 16 MiB; system 8388608; user 4194304; network none'
const shape: MachineShape = { memoryMiB: 16, disks: [], network: 'none' }
/** An engine on which every shape is the machine named above. */
const portable: PortableStates = {
  machineOf: async () => machine,
  read: () => Promise.reject(new Error('nothing is read here')),
  open: () => Promise.reject(new Error('nothing is opened here')),
}
const state = Buffer.from('what the engine saved')

let folder: string
let store: ObjectStore
let packageKey: Uint8Array
let manifest: Manifest & { readonly warmState: { readonly sha256: string } }
/** What the disks hold in the package, and what the recorded boot had left on them. */
let sealed: Readonly<Record<string, Buffer>>
let left: Readonly<Record<string, Buffer>>

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'warm-start-'))
  store = await openFolderStore(join(folder, 'store'))
  packageKey = randomBytes(32)
  sealed = { system: Buffer.concat([randomBytes(2_000_000), Buffer.alloc(6_388_608)]), user: Buffer.alloc(4_194_304, 'user') }
  const runs: Readonly<Record<string, [number, number][]>> = {
    system: [
      [0, 1],
      [255, 2],
      [2047, 1],
    ],
    user: [[3, 600]],
  }
  const disks = Object.entries(sealed)
  for (const [name, bytes] of disks) await writeFile(join(folder, `${name}.img`), bytes)
  const made = await sealPackage({
    name: 'accounting',
    version: '1',
    createdAt: '2026-01-31T12:00:00Z',
    hardware: { firmware: 'bios', chipset: 'i440fx', cpus: 1, memoryMiB: 16, video: 'std', network: null },
    disks: disks.map(([name]) => ({ name, role: name === 'user' ? 'user' : 'system', controller: 'ide', path: join(folder, `${name}.img`) })),
    orgKey: randomBytes(32),
    packageKey,
    store,
  })
  const opened = openManifest(made.manifest, made.sha256)
  const written: Buffer[] = []
  left = Object.fromEntries(
    disks.map(([name, bytes]) => {
      const after = Buffer.from(bytes)
      for (const [first, count] of runs[name] ?? []) {
        // The first block of each run is written with zeros, which are not what was there.
        const blocks = Buffer.concat([Buffer.alloc(4096), randomBytes((count - 1) * 4096)])
        blocks.copy(after, first * 4096)
        written.push(blocks)
      }
      return [name, after]
    }),
  )
  const source = { machine, disks: disks.map(([name]) => ({ name, runs: runs[name] ?? [] })), payload: Readable.from([...written, state]) }
  manifest = { ...opened, warmState: { sha256: await sealWarmState(source, packageKey, opened.disks, store) } }
})
afterEach(() => rm(folder, { recursive: true }))

const plan: LaunchPlan = launchPlan.parse({
  ...closedPlan,
  session: 's1',
  instance: 'i1',
  desktop: 'demo',
  package: { name: 'accounting', version: '1', sha256: '0'.repeat(64) },
  engine: 'v86',
  memoryMiB: 16,
  exit: 'user',
})

function ownerOf(instance: string) {
  const layout = layoutOf(join(folder, 'data')).instance(instance)
  const onReadError = (fault: unknown) => expect.unreachable(String(fault))
  return { plan, layout, instanceKey: new Uint8Array(32).fill(5), runtimeFolder: folder, onReadError, written: null }
}

type Owner = ReturnType<typeof ownerOf>

async function start(change: Partial<Parameters<typeof warmStart>[0]> = {}) {
  const events = new EventLog()
  const warm = await warmStart({ manifest, packageKey, files: store, portable, shape, events, ...change })
  const [event, ...more] = events.after(0)
  expect(more).toEqual([])
  return { warm, event: event?.type ?? null, detail: String(event?.data.detail ?? '') }
}

/** Makes the instance's disks if need be and reads them whole. */
async function contentOf(owner: Owner, warm: Awaited<ReturnType<typeof warmStart>>): Promise<Readonly<Record<string, Buffer>>> {
  const packaged = new Map<string, PackageDisk>()
  for (const disk of manifest.disks)
    packaged.set(disk.name, await openPackageDisk({ disk, packageKey, origin: store, cache: null, onEvent: () => undefined }))
  await (await openInstanceDisks(owner, manifest.disks, packaged, warm)).close()
  const found: Record<string, Buffer> = {}
  for (const disk of manifest.disks) {
    const overlay = await openOverlay({ ...ownDisk(owner, disk), base: disk.role === 'user' ? null : (packaged.get(disk.name) ?? null) })
    found[disk.name] = await overlay.read(0, overlay.size)
    await overlay.close()
  }
  for (const disk of packaged.values()) await disk.close()
  return found
}

describe('a warm start', () => {
  it('gives a fresh instance the disks that the recorded boot had left, and one that boots those of the package', async () => {
    const [warm, cold] = [ownerOf('warm'), ownerOf('cold')]
    expect(await isFresh(warm, manifest.disks)).toBe(true)
    const found = await contentOf(warm, (await start()).warm)
    for (const name of ['system', 'user']) expect(found[name]?.equals(left[name] ?? Buffer.alloc(0)), name).toBe(true)
    const booted = await contentOf(cold, null)
    for (const name of ['system', 'user']) expect(booted[name]?.equals(sealed[name] ?? Buffer.alloc(0)), name).toBe(true)
    expect([await isFresh(warm, manifest.disks), await isFresh(cold, manifest.disks)]).toEqual([false, false])
  })

  it('is for an instance without any disk or state: one of them is enough to boot', async () => {
    const owner = ownerOf('i1')
    await contentOf(owner, null)
    const kept = async () => (await readdir(owner.layout.disks)).filter((name) => name.startsWith('user'))
    await rm(owner.layout.systemDisk('system', plan.package.sha256, 'v86'))
    expect([await kept(), await isFresh(owner, manifest.disks)]).toEqual([['user-user.xts'], false])
    await rm(owner.layout.userDisk('user', 'v86'))
    expect(await isFresh(owner, manifest.disks)).toBe(true)
    await writeFile(owner.layout.suspended(plan.package.sha256), 'state')
    expect(await isFresh(owner, manifest.disks)).toBe(false)
  })

  it('takes the state as the engine saved it, and says so', async () => {
    const { warm, event } = await start()
    const parts: Uint8Array[] = []
    for await (const part of warm?.state() ?? []) parts.push(part)
    expect([event, Buffer.concat(parts)]).toEqual(['warm-start', state])
  })

  it('is left out in words on another machine, by an engine without it, and while it does not come; a package without one says nothing', async () => {
    const other = { ...portable, machineOf: async () => 'v86 0.5.463' }
    expect(await start({ portable: other })).toMatchObject({ warm: null, event: 'warm-start-left-out', detail: expect.stringContaining('0.5.463') })
    expect(await start({ portable: undefined })).toMatchObject({ warm: null, event: 'warm-start-left-out' })
    const never = { get: () => new Promise<null>(() => undefined) }
    expect(await start({ files: never, patienceMs: 20 })).toMatchObject({ warm: null, event: 'warm-start-left-out' })
    expect(await start({ files: { get: async () => null } })).toMatchObject({ warm: null, event: 'warm-start-left-out' })
    expect(await start({ manifest: { ...manifest, warmState: null } })).toMatchObject({ warm: null, event: null })
    expect(await start()).toMatchObject({ event: 'warm-start' })
  })

  it('fetches anew what was altered in the cache, and refuses what is altered where it comes from', async () => {
    const cache = await openChunkCache({ folder: join(folder, 'cache'), limitBytes: 100_000_000, origin: store })
    const events = new EventLog()
    const files = cachedFiles(store, cache, events)
    expect((await start({ files })).event).toBe('warm-start')
    const { pieces } = await openWarmState(store, manifest, packageKey)
    const [{ name } = { name: '' }] = pieces
    const cached = join(folder, 'cache', name.slice(0, 2), name)
    await writeFile(cached, 'altered')
    expect((await start({ files })).event).toBe('warm-start')
    expect(events.after(0)).toMatchObject([{ type: 'bad-cached-object', data: { object: name } }])
    await writeFile(cached, 'altered')
    const origin = join(folder, 'store', name.slice(0, 2), name)
    const intact = await store.get(name, 16_777_216)
    await writeFile(origin, randomBytes(intact?.length ?? 0))
    await expect(start({ files })).rejects.toMatchObject({ code: 'warm-state-altered', subject: { object: name } })
    await writeFile(origin, intact ?? '')
    expect((await start({ files })).event).toBe('warm-start')
  })

  it('runs on disks that are there, whole, and ends the machine where one could not be made, of which nothing is left', async () => {
    const owner = ownerOf('i1')
    const { warm } = await start()
    const late = Object.assign(new Error('no room'), { code: 'ENOSPC' })
    const full = await openPackages({ user: () => Promise.reject(late) })
    expect(await endOfStart(owner, warm, full)).toEqual({ fault: late, state: 'stopped' })
    expect(await readdir(owner.layout.disks)).not.toContainEqual(expect.stringMatching(/^user/))
    expect(await endOfStart(owner, warm, await openPackages({}))).toEqual({ fault: null, state: 'prepared' })
  })
})

/** @param reads what a disk of that name answers instead of its bytes. */
async function openPackages(reads: Readonly<Record<string, PackageDisk['read']>>): Promise<ReadonlyMap<string, PackageDisk>> {
  const packaged = new Map<string, PackageDisk>()
  for (const disk of manifest.disks) {
    const opened = await openPackageDisk({ disk, packageKey, origin: store, cache: null, onEvent: () => undefined })
    const read = reads[disk.name]
    if (read !== undefined) vi.spyOn(opened, 'read').mockImplementation(read)
    packaged.set(disk.name, opened)
  }
  return packaged
}

/** Opens the disks and, beside it, a machine; what is left open is closed. */
async function endOfStart(owner: Owner, state: Awaited<ReturnType<typeof warmStart>>, packaged: ReadonlyMap<string, PackageDisk>) {
  const disks = await openInstanceDisks(owner, manifest.disks, packaged, state)
  const fake = createFakeBackend()
  const machines: VirtualMachine[] = []
  const remember = async (spec: VmSpec) => {
    const vm = await fake.open(spec)
    machines.push(vm)
    return vm
  }
  const backend = { ...fake, portable: { ...portable, open: remember } }
  const stateFile = { path: owner.layout.suspended(plan.package.sha256), key: new Uint8Array(32), binding: 'i1' }
  const spec: VmSpec = {
    ...{ name: 'machine', firmware: 'bios', chipset: 'i440fx', cpus: 1, memoryMiB: 16, video: 'std', serial: 'none', network: 'none' },
    ...{ disks: [], runtimeFolder: folder },
  }
  const fault = await openVm(backend, spec, stateFile, owner.layout.folder, { state, disks: disks.ready }, null, new EventLog()).then(
    () => null,
    (error: unknown) => error,
  )
  const found = machines.map((vm) => vm.state)
  for (const vm of machines) await vm.stop()
  await disks.close()
  for (const disk of packaged.values()) await disk.close()
  return { fault, state: found.join() }
}
