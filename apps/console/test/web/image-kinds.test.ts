// SPDX-License-Identifier: Apache-2.0
//
// Images of other products are uploaded as they are: taken as the disk that they hold, sealed, and refused by the names that
// `casemate-admin seal` has for them.
import { execFileSync } from 'node:child_process'
import { hash, randomBytes } from 'node:crypto'
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { gzipSync, zstdCompressSync } from 'node:zlib'
import { beforeAll, expect, it, onTestFinished } from 'vitest'
import { z } from 'zod'
import type { Browser } from './browser.ts'
import { beginUpload, bootable, createMachine, diskOf, sendPart, uploadMachine } from './disk-upload.ts'
import { newOrganisation, type ServedConsole, serveConsole, signedIn, until } from './served-console.ts'

const mebibyte = 1_048_576
let console: ServedConsole
let browser: Browser

beforeAll(async () => {
  console = await serveConsole(await newOrganisation())
  browser = await signedIn(console, 'alice', 'administrator')
})

/** A bootable raw disk, and a way to make images of it. */
async function prepare() {
  const folder = await mkdtemp(join(tmpdir(), 'casemate-kinds-'))
  onTestFinished(() => rm(folder, { recursive: true, force: true }))
  const raw = join(folder, 'disk.raw')
  const bytes = bootable(Buffer.concat([randomBytes(mebibyte), Buffer.alloc(3 * mebibyte)]))
  await writeFile(raw, bytes)
  const qemuImg = async (...words: readonly string[]): Promise<Buffer> => {
    const path = join(folder, 'image')
    execFileSync('qemu-img', [...words, path], { stdio: ['ignore', 'ignore', 'pipe'] })
    return await readFile(path)
  }
  const convert = (format: string, ...options: readonly string[]) => qemuImg('convert', '-f', 'raw', '-O', format, ...options, raw)
  return { folder, raw, bytes, convert }
}

const listed = z.object({ jobs: z.array(z.looseObject({ id: z.string(), state: z.string() })) })

async function sealed(machine: string) {
  const { job } = z.object({ job: z.string() }).parse(await browser.call('seal-machine', { machine, package: { name: machine, version: '1' } }))
  const find = async () => listed.parse(await browser.call('list-jobs')).jobs.find(({ id }) => id === job)
  return await until(find, (found) => found?.state === 'done' || found?.state === 'failed')
}

it('takes each kind as the disk that it holds', async () => {
  const { raw, bytes, convert } = await prepare()
  const images: Readonly<Record<string, Buffer>> = {
    qcow2: await convert('qcow2', '-c'),
    vmdk: await convert('vmdk', '-o', 'subformat=streamOptimized'),
    vdi: await convert('vdi'),
    vhd: await convert('vpc', '-o', 'force_size=on'),
    vhdx: await convert('vhdx'),
    gz: gzipSync(bytes),
    zst: zstdCompressSync(bytes),
    xz: execFileSync('xz', ['-c', raw], { maxBuffer: 2 ** 26 }),
    raw: bytes,
  }
  for (const [kind, image] of Object.entries(images)) {
    await uploadMachine(browser, kind, image)
    const disk = { state: 'ready', sizeBytes: bytes.length, uploadedBytes: bytes.length, sha256: hash('sha256', image) }
    expect([kind, await diskOf(browser, kind)]).toMatchObject([kind, disk])
  }
})

it('seals one as the disk that it holds', async () => {
  const { bytes, convert } = await prepare()
  await uploadMachine(browser, 'sealed', await convert('qcow2'))
  expect(await sealed('sealed')).toMatchObject({ state: 'done', failure: null, progress: { done: bytes.length, total: bytes.length } })
})

it('refuses by name an image whose content lies elsewhere, keeps nothing of it, and takes one that holds it all', async () => {
  const { folder, raw, convert } = await prepare()
  const child = join(folder, 'child.qcow2')
  execFileSync('qemu-img', ['create', '-q', '-f', 'qcow2', '-F', 'raw', '-b', raw, child])
  const whole = await convert('qcow2')
  const backed = Buffer.concat([await readFile(child)], whole.length)
  await createMachine(browser, 'elsewhere', whole.length)
  const { path } = await beginUpload(browser, 'elsewhere', whole.length)
  const refused = await sendPart(browser, path, 0, backed)
  expect([refused.status, refused.text]).toEqual([400, expect.stringContaining('image-refers-elsewhere')])
  expect(refused.text).toContain('`system`')
  expect(refused.text).not.toContain(console.data)
  expect(await diskOf(browser, 'elsewhere')).toMatchObject({ state: 'uploading', sizeBytes: whole.length, uploadedBytes: 0 })
  const again = await beginUpload(browser, 'elsewhere', whole.length)
  expect((await sendPart(browser, again.path, 0, whole)).status).toBe(204)
  expect(await diskOf(browser, 'elsewhere')).toMatchObject({ state: 'ready' })
})

it.each<[string, string, (bytes: Buffer) => Buffer]>([
  ['a cut gzip', 'image-damaged', (bytes) => gzipSync(bytes).subarray(0, -100)],
  ['a tar archive', 'image-unsupported', (bytes) => Buffer.concat([bytes.subarray(0, 257), Buffer.from('ustar'), bytes.subarray(262)])],
  ['a raw disk cut within a sector', 'disk-invalid', (bytes) => bytes.subarray(0, -1)],
  ['a disk in gzip that no BIOS boots', 'disk-unbootable', (bytes) => gzipSync(Buffer.from(bytes).fill(0, 510, 512))],
])('refuses %s: %s', async (what, code, spoil) => {
  const { bytes } = await prepare()
  const name = what.replaceAll(' ', '-').toLowerCase()
  const before = await readdir(join(console.data, 'disks'))
  const image = spoil(bytes)
  await createMachine(browser, name, image.length)
  const { path } = await beginUpload(browser, name, image.length)
  const refused = await sendPart(browser, path, 0, image)
  expect([refused.status, refused.text]).toEqual([400, expect.stringContaining(code)])
  expect(await readdir(join(console.data, 'disks'))).toEqual(before)
})
