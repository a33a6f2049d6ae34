// SPDX-License-Identifier: Apache-2.0
import { execFile } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { createQemuBackend } from '../../src/qemu/backend.ts'
import { cloneOverlay } from '../../src/qemu/clone-overlay.ts'
import { createFilledOverlay, createOverlay } from '../../src/qemu/overlay.ts'
import { readOverlayHeader } from '../../src/qemu/qcow2-header.ts'
import type { EngineBackend, NbdExport, VmSpec } from '../../src/virtual-machine.ts'
import { chattyDisk, countingDisk, diskBytes } from '../boot-disk.ts'
import { NbdHost } from './nbd-host.ts'
import { ideDisk, newSpec } from './new-spec.ts'

const run = promisify(execFile)
const key = randomBytes(32)
let root: string
let nbd: NbdHost
let backend: EngineBackend

beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), 'cm-'))
  nbd = new NbdHost(root)
  backend = createQemuBackend({ cacheFolder: join(root, 'cache') })
})
afterAll(async () => {
  await nbd.close()
  await rm(root, { recursive: true })
})

const newFolder = (): Promise<string> => mkdtemp(join(root, 'f-'))

async function specOver(base: NbdExport | null, file: string, underKey: Uint8Array = key): Promise<VmSpec> {
  return newSpec(await newFolder(), [ideDisk({ kind: 'luks-overlay', base, file, key: underKey })])
}

/** Boots a guest that ends by itself, or is stopped at its first byte of serial output. */
async function firstOutput(spec: VmSpec): Promise<Buffer> {
  const vm = await backend.open(spec)
  const heard: Uint8Array[] = []
  const first = new Promise<void>((resolve) =>
    vm.on('serial', (bytes) => {
      heard.push(bytes)
      resolve()
    }),
  )
  await vm.start()
  await Promise.race([first, vm.exited])
  const ending = await Promise.race([vm.exited, vm.stop().then(() => vm.exited)])
  expect(ending.state, ending.message).toBe('stopped')
  return Buffer.concat(heard)
}

/** The guest of `countingDisk` runs until it has switched itself off. */
async function count(spec: VmSpec): Promise<number[]> {
  const vm = await backend.open(spec)
  const heard: number[] = []
  vm.on('serial', (bytes) => heard.push(...bytes))
  await vm.start()
  expect(await vm.exited).toMatchObject({ state: 'stopped' })
  return heard
}

describe('an overlay', () => {
  it('shows its base, keeps what the guest writes, and leaves the base alone; a guest that switches itself off has stopped', async () => {
    const image = countingDisk(2048)
    const before = Buffer.from(image)
    const file = join(await newFolder(), 'overlay.qcow2')
    await createOverlay({ file, key, sizeBytes: diskBytes })
    const spec = await specOver(await nbd.serve(image), file)
    expect(await count(spec)).toEqual([1])
    expect(await count(spec)).toEqual([2])
    expect(image.equals(before)).toBe(true)
  })

  it('opens under its key only', async () => {
    const file = join(await newFolder(), 'overlay.qcow2')
    await createOverlay({ file, key, sizeBytes: diskBytes })
    const base = await nbd.serve(chattyDisk(2048))
    await expect(backend.open(await specOver(base, file, randomBytes(32)))).rejects.toMatchObject({ code: 'overlay-mismatch' })
    expect((await firstOutput(await specOver(base, file))).toString()).toMatch(/^C+$/)
  })

  it('is refused for a disk of another size', async () => {
    const file = join(await newFolder(), 'overlay.qcow2')
    await createOverlay({ file, key, sizeBytes: diskBytes * 2 })
    const spec = await specOver(await nbd.serve(chattyDisk(2048)), file)
    await expect(backend.open(spec)).rejects.toMatchObject({ code: 'overlay-mismatch' })
    const right = { ...spec, disks: spec.disks.map((disk) => ({ ...disk, sizeBytes: diskBytes * 2 })) }
    expect((await firstOutput(right)).toString()).toMatch(/^C+$/)
  })

  it('is refused while another VM has it open, and free once that one is gone', async () => {
    const file = join(await newFolder(), 'overlay.qcow2')
    await createOverlay({ file, key, sizeBytes: diskBytes })
    const base = await nbd.serve(chattyDisk(2048))
    const first = await backend.open(await specOver(base, file))
    await expect(backend.open(await specOver(base, file))).rejects.toMatchObject({ code: 'overlay-in-use' })
    await first.stop()
    expect((await firstOutput(await specOver(base, file))).toString()).toMatch(/^C+$/)
  })

  it('is private, encrypted by LUKS and names no other file', async () => {
    const file = join(await newFolder(), 'overlay.qcow2')
    await createOverlay({ file, key, sizeBytes: diskBytes })
    expect(await readOverlayHeader(file)).toEqual({ sizeBytes: diskBytes })
    expect((await stat(file)).mode & 0o077).toBe(0)
    const info = JSON.parse((await run('qemu-img', ['info', '--output=json', file])).stdout)
    expect(info).toMatchObject({
      format: 'qcow2',
      encrypted: true,
      'format-specific': { data: { encrypt: { format: 'luks', 'hash-alg': 'sha512' } } },
    })
    expect(info).not.toHaveProperty('backing-filename')
  })

  it.each([512, 1 << 20, 5 * 2 ** 40])('of %i bytes is a sound image to qemu-img', async (sizeBytes) => {
    const file = join(await newFolder(), 'overlay.qcow2')
    await createOverlay({ file, key, sizeBytes })
    const secret = `secret,id=key,data=${Buffer.from(key).toString('hex')}`
    const image = `driver=qcow2,file.filename=${file},encrypt.key-secret=key`
    const checked = JSON.parse((await run('qemu-img', ['check', '--output=json', '--object', secret, '--image-opts', image])).stdout)
    expect(checked).toMatchObject({ 'check-errors': 0 })
    expect(checked).not.toHaveProperty('leaks')
    expect(checked).not.toHaveProperty('corruptions')
  })

  it('never replaces a file', async () => {
    const folder = await newFolder()
    const file = join(folder, 'overlay.qcow2')
    await writeFile(file, 'kept')
    await expect(createOverlay({ file, key, sizeBytes: diskBytes })).rejects.toMatchObject({ code: 'overlay-exists' })
    expect(await readFile(file, 'utf8')).toBe('kept')
    expect(await readdir(folder)).toEqual(['overlay.qcow2'])
  })

  it('leaves nothing behind when it cannot be made', async () => {
    const folder = await newFolder()
    const file = join(folder, 'overlay.qcow2')
    await expect(createOverlay({ file, key, sizeBytes: 513 })).rejects.toMatchObject({ code: 'spec-invalid' })
    const template = await nbd.serve(chattyDisk(2048))
    await expect(createFilledOverlay({ file, key, sizeBytes: diskBytes / 2 }, template)).rejects.toMatchObject({ code: 'image-failed' })
    expect(await readdir(folder)).toEqual([])
  })
})

describe('a disk of its own', () => {
  it('is filled from a template, needs it no longer, keeps what is written, and shows nothing of it in clear', async () => {
    const image = countingDisk(2048)
    const marker = Buffer.from('a sentence that stands in the template')
    marker.copy(image, 2 << 20)
    const file = join(await newFolder(), 'user.qcow2')
    await createFilledOverlay({ file, key, sizeBytes: diskBytes }, await nbd.serve(image))
    const spec = await specOver(null, file)
    expect(await count(spec)).toEqual([1])
    expect(await count(spec)).toEqual([2])
    const stored = await readFile(file)
    expect(stored.includes(marker)).toBe(false)
    expect(stored.includes(image.subarray(0, 64))).toBe(false)
  })

  it('may be larger than its template', async () => {
    const file = join(await newFolder(), 'user.qcow2')
    await createFilledOverlay({ file, key, sizeBytes: diskBytes * 2 }, await nbd.serve(chattyDisk(2048)))
    const spec = await specOver(null, file)
    const larger = { ...spec, disks: spec.disks.map((disk) => ({ ...disk, sizeBytes: diskBytes * 2 })) }
    expect((await firstOutput(larger)).toString()).toMatch(/^C+$/)
  })
})

describe('an overlay that somebody else prepared', () => {
  const forge = async (...args: string[]): Promise<string> => {
    const file = join(await newFolder(), 'forged.qcow2')
    await run('qemu-img', ['create', '-q', '-f', 'qcow2', ...args, file, String(diskBytes)])
    return file
  }

  it.each<[string, string[]]>([
    ['names a backing file', ['-b', '/etc/passwd', '-F', 'raw']],
    ['is not encrypted', []],
    ['is an old version', ['-o', 'compat=0.10']],
  ])('is refused before QEMU starts when it %s', async (_, args) => {
    const spec = await specOver(await nbd.serve(chattyDisk(2048)), await forge(...args))
    await expect(backend.open(spec)).rejects.toMatchObject({ code: 'overlay-altered' })
    expect(await readdir(spec.runtimeFolder)).toEqual([])
  })

  it('is refused when it keeps its data in another file', async () => {
    const data = join(await newFolder(), 'data.raw')
    const spec = await specOver(await nbd.serve(chattyDisk(2048)), await forge('-o', `data_file=${data}`))
    await expect(backend.open(spec)).rejects.toMatchObject({ code: 'overlay-altered' })
  })

  it('is refused when it is missing', async () => {
    const spec = await specOver(await nbd.serve(chattyDisk(2048)), join(root, 'no-such-file'))
    await expect(backend.open(spec)).rejects.toMatchObject({ code: 'overlay-altered' })
  })

  it('is refused with any flipped, cut or exchanged part of its headers, and opens as it was', async () => {
    const [file, other] = [join(await newFolder(), 'overlay.qcow2'), join(await newFolder(), 'other.qcow2')]
    for (const each of [file, other]) await createOverlay({ file: each, key: each === file ? key : randomBytes(32), sizeBytes: diskBytes })
    const [bytes, foreign] = [await readFile(file), await readFile(other)]
    const luks = bytes.indexOf('LUKS\xba\xbe', 0, 'latin1')
    const flipped = (at: number) => {
      const changed = Buffer.from(bytes)
      changed[at] = (changed[at] ?? 0) ^ 1
      return changed
    }
    const spliced = (from: number, to: number, piece: Buffer) => Buffer.concat([bytes.subarray(0, from), piece, bytes.subarray(to)])
    const changes: Readonly<Record<string, Buffer>> = {
      ...{ 'qcow2 magic': flipped(0), 'place of the LUKS header': flipped(122), 'LUKS version': flipped(luks + 7), cipher: flipped(luks + 8) },
      ...{ 'hash of the header': flipped(luks + 72), 'digest of the key': flipped(luks + 112), 'salt of the slot': flipped(luks + 216) },
      ...{ 'key material': flipped(luks + 4096 + 1000), 'the file cut in the header': bytes.subarray(0, luks + 300) },
      "another overlay's LUKS header": spliced(luks, luks + 592, foreign.subarray(luks, luks + 592)),
      'parts of the key in another order': spliced(
        luks + 4096,
        luks + 12_288,
        Buffer.concat([bytes.subarray(luks + 8192, luks + 12_288), bytes.subarray(luks + 4096, luks + 8192)]),
      ),
    }
    const spec = await specOver(await nbd.serve(chattyDisk(2048)), file)
    for (const [part, changed] of Object.entries(changes)) {
      await writeFile(file, changed)
      await expect(backend.open(spec), part).rejects.toMatchObject({ code: expect.stringMatching(/^overlay-(?:altered|mismatch)$/) })
    }
    await writeFile(file, bytes)
    expect((await firstOutput(spec)).toString()).toMatch(/^C+$/)
  })

  it('is refused when its LUKS header is damaged, and opens when that is put back', async () => {
    const file = join(await newFolder(), 'overlay.qcow2')
    await createOverlay({ file, key, sizeBytes: diskBytes })
    const bytes = await readFile(file)
    const damaged = Buffer.from(bytes)
    damaged.fill(0, damaged.indexOf('LUKS\xba\xbe', 0, 'latin1'), damaged.indexOf('LUKS\xba\xbe', 0, 'latin1') + 6)
    await writeFile(file, damaged)
    const spec = await specOver(await nbd.serve(chattyDisk(2048)), file)
    await expect(backend.open(spec)).rejects.toMatchObject({ code: 'overlay-altered' })
    await writeFile(file, bytes)
    expect((await firstOutput(spec)).toString()).toMatch(/^C+$/)
  })
})

/** Those that look like chance: of 512 random bytes some 220 differ. */
function sealedSectors(file: Buffer): ReadonlySet<string> {
  const sectors = Array.from({ length: Math.floor(file.length / 512) }, (_, at) => file.subarray(at * 512, (at + 1) * 512))
  return new Set(sectors.filter((sector) => new Set(sector).size > 150).map((sector) => sector.toString('base64')))
}

describe('a clone of an overlay', () => {
  it('goes on from where the original is, under its own key alone, each without the other, over the same base', async () => {
    const [original, clone] = [join(await newFolder(), 'overlay.qcow2'), join(await newFolder(), 'overlay.qcow2')]
    const cloneKey = randomBytes(32)
    const base = await nbd.serve(countingDisk(2048))
    await createOverlay({ file: original, key, sizeBytes: diskBytes })
    const spec = await specOver(base, original)
    expect(await count(spec)).toEqual([1])
    const before = await readFile(original)
    await cloneOverlay({ file: original, key }, { file: clone, key: cloneKey })
    expect((await readFile(original)).equals(before)).toBe(true)
    expect((await stat(clone)).mode & 0o077).toBe(0)
    const [sealed, sealedAnew] = [sealedSectors(before), sealedSectors(await readFile(clone))]
    expect(Math.min(sealed.size, sealedAnew.size)).toBeGreaterThan(128)
    expect([...sealed].filter((sector) => sealedAnew.has(sector))).toEqual([])
    await expect(backend.open(await specOver(base, clone, key))).rejects.toMatchObject({ code: 'overlay-mismatch' })
    const cloned = await specOver(base, clone, cloneKey)
    expect([await count(cloned), await count(spec)]).toEqual([[2], [2]])
  })

  it('keeps zeros that hide the base, and of the base nothing', async () => {
    const folder = await newFolder()
    const [original, clone] = [join(folder, 'original'), join(folder, 'clone')]
    await createOverlay({ file: original, key, sizeBytes: diskBytes })
    const secret = `secret,id=key,data=${Buffer.from(key).toString('hex')}`
    const image = (file: string) => `driver=qcow2,file.filename=${file},encrypt.key-secret=key`
    const open = ['--object', secret, '--image-opts']
    await run('qemu-io', [...open, image(original), '-c', 'write -P 0 1M 64k', '-c', 'write -z 2M 64k', '-c', 'write -P 7 3M 64k'])
    await cloneOverlay({ file: original, key }, { file: clone, key })
    const pieces: { start: number; present: boolean; zero: boolean }[] = JSON.parse(
      (await run('qemu-img', ['map', '--output=json', ...open, image(clone)])).stdout,
    )
    const written = pieces.filter(({ present }) => present).map(({ start, zero }) => [start >> 20, zero])
    expect(written).toEqual([[1, true], [2, true], [3, false]]) // biome-ignore format: one line a fact
  })

  it('is refused under another key, of a disk in use, and where a file is', async () => {
    const file = join(await newFolder(), 'overlay.qcow2')
    await createOverlay({ file, key, sizeBytes: diskBytes })
    const target = { file: join(await newFolder(), 'clone.qcow2'), key: randomBytes(32) }
    await expect(cloneOverlay({ file, key: randomBytes(32) }, target)).rejects.toMatchObject({ code: 'overlay-mismatch' })
    const vm = await backend.open(await specOver(await nbd.serve(chattyDisk(2048)), file))
    await expect(cloneOverlay({ file, key }, target)).rejects.toMatchObject({ code: 'overlay-in-use' })
    await vm.stop()
    await cloneOverlay({ file, key }, target)
    await expect(cloneOverlay({ file, key }, target)).rejects.toMatchObject({ code: 'overlay-exists' })
  })
})
