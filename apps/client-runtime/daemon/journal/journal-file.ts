// SPDX-License-Identifier: Apache-2.0
//
// The journal on disk: a first line that says what the kept lines follow, then the raw lines, each durable before `append` returns. A line
// goes only once the console has receipted it. A full journal blocks, and so does one whose chain does not hold: nothing more is written
// behind an alteration, and what is there is still sent, so that it is seen.
import { type FileHandle, open } from 'node:fs/promises'
import { checkChain } from '@casemate/policy/chain'
import type { JournalEvent } from '@casemate/policy/event'
import { appendEntry, emptyJournal, hashLine, type JournalHead, journalHead } from '@casemate/policy/journal'
import { linesAfter } from '@casemate/policy/report'
import { parseStrictJson } from '@casemate/policy/strict-json'
import { z } from 'zod'
import type { VerifiedClock } from '../clock/verified-clock.ts'
import { isStorageFull, RuntimeError } from '../error.ts'
import { readBytes } from '../state-file.ts'
import { writeWhole } from '../update/write-whole.ts'

const header = z.strictObject({ format: z.literal('casemate-journal-file-1'), base: journalHead, counts: z.record(z.string(), z.int().min(0)) })

export interface JournalLimits {
  /** Lines that the console has not receipted. */
  readonly lines: number
}

export const journalLimits: JournalLimits = { lines: 50_000 }

export class Journal {
  readonly #file: string
  readonly #clock: VerifiedClock
  readonly #limits: JournalLimits
  #base: JournalHead
  #head: JournalHead
  #lines: readonly string[]
  /** By name, as in the last `count` lines; and those that were counted since. */
  readonly #counts: Map<string, number>
  readonly #uncounted = new Set<string>()
  #fault: RuntimeError | null
  #turn: Promise<unknown> = Promise.resolve()

  private constructor(file: string, clock: VerifiedClock, limits: JournalLimits, kept: Kept) {
    this.#file = file
    this.#clock = clock
    this.#limits = limits
    this.#base = kept.base
    this.#head = kept.head
    this.#lines = kept.lines
    this.#counts = new Map(Object.entries(kept.counts))
    this.#fault = kept.fault
  }

  /** A half-written last line is dropped: its `append` never returned. Any other fault is kept for `append` and `fault`. */
  static async open(file: string, device: string, clock: VerifiedClock, limits = journalLimits): Promise<Journal> {
    const bytes = await readBytes(file)
    const kept = bytes === undefined ? await fresh(device) : await read(file, bytes)
    const journal = new Journal(file, clock, limits, kept)
    if (bytes === undefined || kept.torn) await journal.#rewrite(kept.base, kept.lines)
    return journal
  }

  get head(): JournalHead {
    return this.#head
  }

  get unreceipted(): number {
    return this.#lines.length
  }

  /** Why nothing more can be written, and so nothing may run; null while all is well. */
  get fault(): RuntimeError | null {
    if (this.#fault !== null) return this.#fault
    const { lines } = this.#limits
    return this.#lines.length < lines ? null : new RuntimeError('journal-full', `the journal holds ${lines} lines that the console has not received`)
  }

  /** Durable when it returns. @throws RuntimeError `journal-full`, `journal-altered`, `storage-full`. */
  append(event: JournalEvent): Promise<void> {
    return this.#inTurn(() => this.#append(event))
  }

  /** Something that repeats: only its count is written, by `writeCounts`. */
  count(name: string, by = 1): void {
    this.#counts.set(name, (this.#counts.get(name) ?? 0) + by)
    this.#uncounted.add(name)
  }

  async writeCounts(): Promise<void> {
    for (const name of [...this.#uncounted]) {
      this.#uncounted.delete(name)
      try {
        await this.append({ type: 'count', data: { of: name, count: this.#counts.get(name) ?? 0 } })
      } catch (error) {
        this.#uncounted.add(name)
        throw error
      }
    }
  }

  /** The oldest lines without a receipt, and the head after them. */
  async excerpt(most: number): Promise<{ readonly lines: readonly string[]; readonly head: JournalHead }> {
    const lines = this.#lines.slice(0, most)
    const last = lines.at(-1)
    if (last === undefined) return { lines, head: this.#base }
    return { lines, head: { seq: this.#base.seq + lines.length, sha256: await hashLine(last) } }
  }

  /**
   * Drops what a verified receipt covers.
   * @returns what is wrong between the two sides, or null.
   */
  receipted(receipt: JournalHead): Promise<'fork' | 'ahead' | 'behind' | null> {
    return this.#inTurn(async () => {
      const rest = await linesAfter(this.#lines, this.#base, receipt)
      if ('fault' in rest) return rest.fault
      if (rest.lines.length === this.#lines.length) return null
      await this.#rewrite(receipt, rest.lines)
      return null
    })
  }

  async #append(event: JournalEvent): Promise<void> {
    if (this.fault !== null) throw this.fault
    const { wall, mono, boot } = this.#clock.local
    const { line, head } = await appendEntry(this.#head, { wall: Math.max(0, wall), mono, boot }, event)
    const file = await open(this.#file, 'a', 0o600)
    try {
      const { size } = await file.stat()
      try {
        await file.appendFile(`${line}\n`)
        await file.datasync()
      } catch (cause) {
        await this.#takeBack(file, size, cause)
      }
    } finally {
      await file.close()
    }
    this.#lines = [...this.#lines, line]
    this.#head = head
  }

  /** A full disk leaves the journal as it was, to be gone on with once there is room. Of any other failure it is unknown what reached the disk. */
  async #takeBack(file: FileHandle, size: number, cause: unknown): Promise<never> {
    try {
      if (!isStorageFull(cause)) throw cause
      await file.truncate(size)
      await file.datasync()
    } catch (error) {
      // The chain is read again at the next start.
      this.#fault = new RuntimeError('journal-altered', 'a line of the journal could not be written whole', { cause: error })
      throw this.#fault
    }
    throw new RuntimeError('storage-full', 'the journal cannot be written, since the disk is full: make room', { cause })
  }

  /** What is in memory follows what is on the disk: a failure changes neither. */
  async #rewrite(base: JournalHead, lines: readonly string[]): Promise<void> {
    const first = JSON.stringify({ format: 'casemate-journal-file-1', base, counts: Object.fromEntries(this.#counts) })
    await writeWhole(this.#file, Buffer.from([first, ...lines, ''].join('\n')))
    this.#base = base
    this.#lines = lines
  }

  #inTurn<T>(act: () => Promise<T>): Promise<T> {
    const done = this.#turn.then(act)
    this.#turn = done.catch(() => undefined)
    return done
  }
}

interface Kept {
  readonly base: JournalHead
  readonly head: JournalHead
  readonly lines: readonly string[]
  readonly counts: Readonly<Record<string, number>>
  readonly torn: boolean
  readonly fault: RuntimeError | null
}

async function fresh(device: string): Promise<Kept> {
  const base = await emptyJournal(device)
  return { base, head: base, lines: [], counts: {}, torn: false, fault: null }
}

/** @throws RuntimeError `journal-altered` where not even the first line can be read. */
async function read(file: string, bytes: Buffer): Promise<Kept> {
  const [first = '', ...rest] = bytes.toString('utf8').split('\n')
  const lines = rest.slice(0, -1)
  const { base, counts } = readHeader(file, first)
  const chain = await checkChain(lines, { head: base, counts })
  const [finding] = chain.findings.filter(({ kind }) => kind !== 'clock')
  const fault = finding === undefined ? null : new RuntimeError('journal-altered', `\`${file}\`: ${finding.message}`)
  const counted = chain.entries.flatMap((entry) => (entry.type === 'count' ? [[entry.data.of, entry.data.count] as const] : []))
  return { base, head: chain.head, lines, counts: { ...counts, ...Object.fromEntries(counted) }, torn: rest.at(-1) !== '', fault }
}

function readHeader(file: string, line: string): z.infer<typeof header> {
  try {
    return header.parse(parseStrictJson(line, { maxBytes: 65_536, maxDepth: 3 }))
  } catch (cause) {
    throw new RuntimeError('journal-altered', `expected a journal in \`${file}\`, found something else`, { cause })
  }
}
