// SPDX-License-Identifier: Apache-2.0
//
// What a device did, as a chain of lines: each names the SHA-256 of the line before it, so that none can be changed, dropped or moved
// without a break. Lines in, lines out; where they are kept is the runtime's business. The chain proves order, not truth: a device
// whose owner holds its key can write another one, which the console sees as a fork of what it has receipted.
import { z } from 'zod'
import { PolicyError } from '../error.ts'
import { canonicalJson } from '../model/canonical-json.ts'
import { instant, sha256Text } from '../model/names.ts'
import { parseStrictJson } from '../model/strict-json.ts'
import { sha256Hex } from '../trust/sha256.ts'
import { type JournalEvent, journalEvent } from './event.ts'

const frame = z.strictObject({
  /** From 1, without a gap. */
  seq: z.int().min(1),
  /** Of the raw line before, without its line break; of `casemate-journal-1 <device>` before the first. */
  prev: sha256Text,
  boot: z.string().min(1).max(128),
  /** Unix seconds on the system clock. */
  wall: instant,
  /** Whole seconds of the boot; never falls within one. */
  mono: z.int().min(0),
  type: z.string(),
  data: z.unknown(),
})

export type JournalEntry = Omit<z.infer<typeof frame>, 'type' | 'data'> & JournalEvent

/** Where a chain ends: number and SHA-256 of its last line. */
export const journalHead = z.strictObject({ seq: z.int().min(0), sha256: sha256Text })
export type JournalHead = z.infer<typeof journalHead>

export interface EntryTime {
  readonly boot: string
  readonly wall: number
  readonly mono: number
}

const lineLimits = { maxBytes: 16_384, maxDepth: 6 }

/** Of a device that has written nothing yet. */
export async function emptyJournal(device: string): Promise<JournalHead> {
  return { seq: 0, sha256: await sha256Hex(new TextEncoder().encode(`casemate-journal-1 ${device}`)) }
}

/**
 * The next raw line, without its line break, and the head with it.
 * @throws PolicyError `journal-entry-invalid`
 */
export async function appendEntry(
  head: JournalHead,
  { boot, wall, mono }: EntryTime,
  event: JournalEvent,
): Promise<{ readonly line: string; readonly head: JournalHead }> {
  const entry = { seq: head.seq + 1, prev: head.sha256, boot, wall: Math.floor(wall), mono: Math.floor(mono), ...event }
  const line = canonicalJson(entry)
  readLine(line)
  return { line, head: { seq: entry.seq, sha256: await hashLine(line) } }
}

/** @throws PolicyError `journal-entry-invalid` for whatever `appendEntry` does not write. */
export function readLine(line: string): JournalEntry {
  try {
    const { type, data, ...rest } = frame.parse(parseStrictJson(line, lineLimits))
    return { ...rest, ...journalEvent.parse({ type, data }) }
  } catch (cause) {
    throw new PolicyError('journal-entry-invalid', 'expected a line of a journal, found something else', cause)
  }
}

export async function hashLine(line: string): Promise<string> {
  return sha256Hex(new TextEncoder().encode(line))
}
