// SPDX-License-Identifier: Apache-2.0
//
// The client's half of tus 1.0, without its patience: one request each, so that a test says where an upload breaks.
import { request } from 'node:http'
import { z } from 'zod'
import type { Answer, Browser } from './browser.ts'

const version = { 'tus-resumable': '1.0.0' }
const base64 = (text: string): string => Buffer.from(text).toString('base64')
export const hardware = { firmware: 'bios', chipset: 'i440fx', cpus: 1, memoryMiB: 128, video: 'std', network: null }

/** Makes an image one whose guest goes round in a circle once it has booted: random code may do anything, switch itself off among it. */
export function circling(bytes: Buffer): Buffer {
  // jmp to itself; a v86 that halts with its interrupts off counts as switched off.
  bytes.set([0xeb, 0xfe], 0)
  return bootable(bytes)
}

/** An image that a BIOS would take for bootable. */
export function bootable(bytes: Buffer): Buffer {
  bytes.set([0x55, 0xaa], 510)
  return bytes
}

export async function createMachine(browser: Browser, name: string, sizeBytes: number): Promise<unknown> {
  return await browser.call('create-machine', { name, hardware, disks: [{ name: 'system', role: 'system', sizeBytes }] })
}

export async function beginUpload(browser: Browser, machine: string, length: number, disk = 'system'): Promise<Answer & { readonly path: string }> {
  const metadata = `machine ${base64(machine)},disk ${base64(disk)}`
  const headers = { ...version, 'upload-length': String(length), 'upload-metadata': metadata }
  const answer = await browser.send('POST', '/upload/', { headers })
  return { ...answer, path: answer.headers.location ?? '' }
}

export async function sendPart(browser: Browser, path: string, offset: number, body: Buffer): Promise<Answer> {
  const headers = { ...version, 'content-type': 'application/offset+octet-stream', 'upload-offset': String(offset) }
  return await browser.send('PATCH', path, { headers: { ...headers, 'content-length': String(body.length) }, body })
}

/** Says that `length` bytes come, sends `body`, and cuts the connection once the server has something of it. */
export async function cutPart(browser: Browser, path: string, body: Buffer, length: number): Promise<void> {
  const cookie = [...browser.cookies].map(([name, value]) => `${name}=${value}`).join('; ')
  const headers = { ...version, cookie, origin: browser.origin, 'content-type': 'application/offset+octet-stream', 'upload-offset': '0' }
  const sent = request(new URL(path, browser.origin), { method: 'PATCH', headers: { ...headers, 'content-length': String(length) } })
  const { promise, resolve } = Promise.withResolvers<void>()
  sent.on('error', () => undefined)
  sent.write(body, () => resolve())
  await promise
  sent.destroy()
}

export async function offsetOf(browser: Browser, path: string): Promise<number> {
  const { status, headers } = await browser.send('HEAD', path, { headers: version })
  return status === 200 ? Number(headers['upload-offset']) : -status
}

const listed = z.object({ machines: z.array(z.object({ name: z.string(), disks: z.array(z.looseObject({ name: z.string(), state: z.string() })) })) })

/** The first disk as the console shows it. */
export async function diskOf(browser: Browser, machine: string) {
  return listed.parse(await browser.call('list-machines')).machines.find(({ name }) => name === machine)?.disks[0]
}

/** A machine of one disk, all of it there. */
export async function uploadMachine(browser: Browser, name: string, disk: Buffer): Promise<void> {
  await createMachine(browser, name, disk.length)
  const { path } = await beginUpload(browser, name, disk.length)
  const { status, text } = await sendPart(browser, path, 0, disk)
  if (status !== 204) throw new Error(`the upload was answered ${status}: ${text}`)
}
