// SPDX-License-Identifier: Apache-2.0
import { hash, randomBytes } from 'node:crypto'
import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { beforeAll, expect, it } from 'vitest'
import { Browser } from './browser.ts'
import { beginUpload, bootable, createMachine, cutPart, diskOf, offsetOf, sendPart, uploadMachine } from './disk-upload.ts'
import { addUser, newOrganisation, type ServedConsole, serveConsole, signedIn, until } from './served-console.ts'

const mebibyte = 1_048_576
let console: ServedConsole
let author: Browser
let password: string

beforeAll(async () => {
  console = await serveConsole(await newOrganisation())
  password = await addUser(console, 'ann', 'author')
  author = new Browser(console.origin)
  await author.signIn('ann', password)
})

it('goes on where an upload was cut, and after the console was killed, and hashes what it has', async () => {
  const disk = bootable(randomBytes(4 * mebibyte))
  await createMachine(author, 'resumed', disk.length)
  const { path, status } = await beginUpload(author, 'resumed', disk.length)
  expect(status).toBe(201)
  await cutPart(author, path, disk.subarray(0, mebibyte), disk.length)
  const cut = await until(
    () => offsetOf(author, path),
    (offset) => offset > 0,
  )
  expect(cut).toBeLessThan(disk.length)
  expect(await diskOf(author, 'resumed')).toMatchObject({ state: 'uploading', sha256: null })
  await console.stop('SIGKILL')
  console = await serveConsole(console.data)
  author = new Browser(console.origin)
  await author.signIn('ann', password)
  const offset = await offsetOf(author, path)
  expect(offset).toBeGreaterThanOrEqual(cut)
  expect((await sendPart(author, path, offset, disk.subarray(offset))).status).toBe(204)
  expect(await diskOf(author, 'resumed')).toMatchObject({ state: 'ready', uploadedBytes: disk.length, sha256: hash('sha256', disk) })
})

it('never takes a part of a disk for the disk', async () => {
  const disk = bootable(randomBytes(mebibyte))
  await createMachine(author, 'partial', disk.length)
  const { path } = await beginUpload(author, 'partial', disk.length)
  expect((await sendPart(author, path, 0, disk.subarray(0, disk.length - 4096))).status).toBe(204)
  expect(await diskOf(author, 'partial')).toMatchObject({ state: 'uploading', uploadedBytes: disk.length - 4096 })
  const seal = { machine: 'partial', package: { name: 'partial', version: '1' } }
  expect(await author.call('seal-machine', seal)).toMatchObject({ refused: 'disk-unready' })
  expect((await sendPart(author, path, disk.length - 4096, disk.subarray(-4096))).status).toBe(204)
  expect(await author.call('seal-machine', seal)).toMatchObject({ job: expect.any(String) })
})

it.each([
  ['smaller', mebibyte - 4096],
  ['larger', mebibyte + 4096],
])('refuses a file that is %s than the disk', async (what, length) => {
  await createMachine(author, what, mebibyte)
  const refused = await beginUpload(author, what, length)
  expect([refused.status, refused.text]).toEqual([400, expect.stringContaining('upload-refused')])
  const taken = await beginUpload(author, what, mebibyte)
  expect(taken.status).toBe(201)
  // Not even a body that is longer than was said.
  expect((await sendPart(author, taken.path, 0, randomBytes(mebibyte + 4096))).status).not.toBe(204)
  expect(await diskOf(author, what)).toMatchObject({ state: 'uploading' })
})

it.each([
  ['zeros', () => Buffer.alloc(mebibyte)],
  ['noise', () => randomBytes(mebibyte).fill(0, 510, 512)],
])('refuses a system disk of %s by name, and takes a bootable one in its place', async (what, garbage) => {
  await createMachine(author, what, mebibyte)
  const first = await beginUpload(author, what, mebibyte)
  const refused = await sendPart(author, first.path, 0, garbage())
  expect([refused.status, refused.text]).toEqual([400, expect.stringContaining('disk-unbootable')])
  expect(await diskOf(author, what)).toMatchObject({ state: 'uploading', uploadedBytes: 0 })
  const again = await beginUpload(author, what, mebibyte)
  expect((await sendPart(author, again.path, 0, bootable(garbage()))).status).toBe(204)
  expect(await diskOf(author, what)).toMatchObject({ state: 'ready' })
})

it('refuses uploads without a session, without the right, and to a disk that is not there or whole already', async () => {
  await createMachine(author, 'guarded', mebibyte)
  expect((await beginUpload(new Browser(console.origin), 'guarded', mebibyte)).status).toBe(401)
  const auditor = await signedIn(console, 'otto', 'auditor')
  expect((await beginUpload(auditor, 'guarded', mebibyte)).status).toBe(404)
  const { path } = await beginUpload(author, 'guarded', mebibyte)
  expect((await sendPart(auditor, path, 0, bootable(randomBytes(mebibyte)))).status).toBe(404)
  expect((await beginUpload(author, 'guarded', mebibyte, 'other')).status).toBe(404)
  expect((await sendPart(author, path, 0, bootable(randomBytes(mebibyte)))).status).toBe(204)
  const whole = await diskOf(author, 'guarded')
  expect((await beginUpload(author, 'guarded', mebibyte)).status).toBe(400)
  expect((await sendPart(author, path, 0, bootable(randomBytes(mebibyte)))).status).toBeGreaterThanOrEqual(400)
  expect(await diskOf(author, 'guarded')).toEqual(whole)
})

it('ends no upload for whoever asks, whole or not', async () => {
  await uploadMachine(author, 'kept', bootable(randomBytes(mebibyte)))
  const files = await readdir(join(console.data, 'disks'))
  for (const file of files) {
    const { status } = await author.send('DELETE', `/upload/${file}`, { headers: { 'tus-resumable': '1.0.0' } })
    expect(status).toBe(404)
  }
  expect(await readdir(join(console.data, 'disks'))).toEqual(files)
  await author.call('delete-machine', { name: 'kept' })
  expect((await readdir(join(console.data, 'disks'))).length).toBe(files.length - 1)
})

it('says that there is no room before the first byte', async () => {
  expect(await createMachine(author, 'huge', 2 ** 43)).toMatchObject({ refused: 'disk-full', message: expect.stringContaining('make room') })
  expect(await createMachine(author, 'huge', mebibyte)).toMatchObject({ name: 'huge' })
})

it('needs no memory for the size of a disk', async () => {
  const length = 192 * mebibyte
  await createMachine(author, 'large', length)
  const { path } = await beginUpload(author, 'large', length)
  const peak = async () => Number(/VmHWM:\s+(\d+) kB/.exec(await readFile(`/proc/${console.pid}/status`, 'utf8'))?.[1]) * 1024
  const before = await peak()
  expect((await sendPart(author, path, 0, bootable(Buffer.alloc(length)))).status).toBe(204)
  expect(await diskOf(author, 'large')).toMatchObject({ state: 'ready', uploadedBytes: length })
  expect((await peak()) - before).toBeLessThan(length / 2)
})
