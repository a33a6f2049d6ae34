// SPDX-License-Identifier: Apache-2.0
//
// The guest's printer (PO-14): a raw port (as of JetDirect printers, 9100) that takes documents of PDF. Each finished one appears whole in a folder
// of the user, under a name that the guest has no part in. What is inside is the guest's, and nothing here opens it.
import { mkdir, open, rename, rm, statfs } from 'node:fs/promises'
import { join } from 'node:path'
import type { Duplex } from 'node:stream'

export type PrintRefusal = 'not-pdf' | 'too-large' | 'too-many' | 'incomplete' | 'no-room' | 'not-stored'

interface PrintLimits {
  readonly jobBytes: number
  /** In one hour. */
  readonly jobs: number
  readonly atOnce: number
}

const printLimits: PrintLimits = { jobBytes: 128 * 1024 ** 2, jobs: 200, atOnce: 2 }
const HOUR_MS = 3_600_000
const HEAD = Buffer.from('%PDF-')
const END = Buffer.from('%%EOF')
/** Behind the last line programs leave some bytes (ISO 32000-1, annex H.3.4.4). */
const END_WITHIN = 1024
const SILENCE_MS = 60_000
const LEFT_BYTES = 1024 ** 3

export interface PrinterOptions {
  /** Made with the first document. */
  readonly folder: string
  readonly limits?: PrintLimits
  /** Milliseconds, never backwards; and of the day, for names. */
  now(): number
  date(): Date
  printed(file: string, bytes: number): void
  refused(reason: PrintRefusal): void
}

export class Printer {
  readonly #options: PrinterOptions
  readonly #limits: PrintLimits
  /** When those of the last hour began. */
  #begun: number[] = []
  #open = 0
  #count = 0

  constructor(options: PrinterOptions) {
    this.#options = options
    this.#limits = options.limits ?? printLimits
  }

  /** Takes one document; the connection is ended where it is refused. */
  serve(connection: Duplex): void {
    void this.#take(connection).catch((refusal: unknown) => {
      this.#options.refused(refusal instanceof Refused ? refusal.reason : 'not-stored')
      connection.destroy()
    })
  }

  async #take(connection: Duplex): Promise<void> {
    const now = this.#options.now()
    this.#begun = this.#begun.filter((then) => now - then < HOUR_MS)
    if (this.#open >= this.#limits.atOnce || this.#begun.length >= this.#limits.jobs) throw new Refused('too-many')
    this.#begun.push(now)
    this.#open += 1
    this.#count += 1
    const { folder, date } = this.#options
    const number = this.#count
    const part = join(folder, `.printing-${process.pid}-${number}`)
    try {
      await mkdir(folder, { recursive: true, mode: 0o700 })
      const bytes = await this.#store(connection, part)
      const name = `${date().toISOString().replace(/[:.]/g, '-')}-${number}.pdf`
      await rename(part, join(folder, name))
      this.#options.printed(name, bytes)
      connection.end()
    } finally {
      this.#open -= 1
      await rm(part, { force: true })
    }
  }

  async #store(connection: Duplex, part: string): Promise<number> {
    await using file = await open(part, 'wx', 0o600)
    const silent = setTimeout(() => connection.destroy(), SILENCE_MS)
    let [head, tail, length] = [Buffer.alloc(0), Buffer.alloc(0), 0]
    try {
      for await (const chunk of connection) {
        silent.refresh()
        const bytes: Buffer = chunk
        length += bytes.length
        if (length > this.#limits.jobBytes) throw new Refused('too-large')
        head = Buffer.concat([head, bytes.subarray(0, HEAD.length - head.length)])
        if (!HEAD.subarray(0, head.length).equals(head)) throw new Refused('not-pdf')
        tail = Buffer.concat([tail, bytes.subarray(-END_WITHIN)]).subarray(-END_WITHIN)
        await this.#needRoom()
        await file.writeFile(bytes)
      }
    } catch (error) {
      // Its guest, or the end of its right to print, broke it off.
      throw error instanceof Refused ? error : new Refused(isWriteError(error) ? 'not-stored' : 'incomplete')
    } finally {
      clearTimeout(silent)
    }
    if (head.length < HEAD.length) throw new Refused(length === 0 ? 'incomplete' : 'not-pdf')
    if (!tail.includes(END)) throw new Refused('incomplete')
    await file.sync()
    return length
  }

  async #needRoom(): Promise<void> {
    const { bavail, blocks, bsize } = await statfs(this.#options.folder)
    if (bavail * bsize < Math.min(LEFT_BYTES, (blocks * bsize) / 20)) throw new Refused('no-room')
  }
}

class Refused extends Error {
  readonly reason: PrintRefusal

  constructor(reason: PrintRefusal) {
    super(reason)
    this.reason = reason
  }
}

/** Of the system; those of streams have codes that begin otherwise. */
function isWriteError(error: unknown): boolean {
  return error instanceof Error && 'syscall' in error
}
