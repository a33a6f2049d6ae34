// SPDX-License-Identifier: Apache-2.0
//
// What becomes of the bytes that a guest prints: a whole document of PDF, or a refusal by its reason and no file.
import { mkdtemp, readdir, readFile, rm, stat } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type Duplex, duplexPair } from 'node:stream'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { Printer } from '../session-host/sharing/printer.ts'

const document = '%PDF-1.7\npage\n%%EOF\n'
const limits = { jobBytes: 100, jobs: 3, atOnce: 2 }
let folder: string
let printer: Printer
let now: number
const told: string[] = []

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'printer-'))
  told.length = 0
  now = 0
  printer = new Printer({
    ...{ folder: join(folder, 'printed'), limits, now: () => now, date: () => new Date(0) },
    printed: (name, bytes) => told.push(`${name} ${bytes}`),
    refused: (reason) => told.push(reason),
  })
})
afterEach(() => rm(folder, { recursive: true }))

function connect(): Duplex {
  const [guest, host] = duplexPair()
  guest.on('error', () => undefined)
  guest.resume()
  printer.serve(host)
  return guest
}

async function prints(...parts: readonly string[]): Promise<string | undefined> {
  const before = told.length
  const guest = connect()
  for (const part of parts) guest.write(part)
  guest.end()
  await vi.waitFor(() => expect(told.length).toBe(before + 1), { timeout: 20_000 })
  return told.at(-1)
}

describe('a printer', () => {
  it('keeps a document as it came, in whatever pieces, for its user alone', async () => {
    expect(await prints(...document)).toBe('1970-01-01T00-00-00-000Z-1.pdf 20')
    const file = join(folder, 'printed', '1970-01-01T00-00-00-000Z-1.pdf')
    expect(await readFile(file, 'latin1')).toBe(document)
    expect((await stat(file)).mode & 0o777).toBe(0o600)
  })

  it.each([
    ['not-pdf', ['%!PS-Adobe-3.0\n%%EOF']],
    ['not-pdf', ['%PD']],
    ['incomplete', ['%PDF-1.7\npage\n']],
    ['incomplete', []],
    ['too-large', ['%PDF-1.7\n', 'x'.repeat(100), '\n%%EOF']],
  ])('refuses as `%s` and keeps nothing of %j', async (reason, parts) => {
    expect(await prints(...parts)).toBe(reason)
    expect(await readdir(join(folder, 'printed'))).toEqual([])
  })

  it('takes so many documents at once and in an hour, and others after it', async () => {
    const [one, two] = [connect(), connect()]
    expect(await prints(document)).toBe('too-many')
    one.end(document)
    two.end(document)
    await vi.waitFor(() => expect(told).toHaveLength(3), { timeout: 20_000 })
    expect(await prints(document)).toMatch(/pdf 20$/)
    expect(await prints(document)).toBe('too-many')
    now = 3_600_000
    expect(await prints(document)).toMatch(/pdf 20$/)
    expect(await readdir(join(folder, 'printed'))).toHaveLength(4)
  })
})
