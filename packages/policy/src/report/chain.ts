// SPDX-License-Identifier: Apache-2.0
//
// A chain of lines against the head from which it must go on. Whoever reads it is told everything that is wrong, not just that something
// is: a gap means something else for the device's owner than an edit.
import { PolicyError } from '../error.ts'
import { hashLine, type JournalEntry, type JournalHead, readLine } from './journal.ts'

/**
 * `entry-invalid`: not a line of a journal. `gap`: lines before this one are missing. `fork`: this number was seen with another line.
 * `broken`: does not follow the line before it, which was edited, dropped or moved. `clock`: the monotonic clock fell within one boot.
 * `count-fell`: something was counted that then had happened less often.
 */
export type FindingKind = 'entry-invalid' | 'gap' | 'fork' | 'broken' | 'clock' | 'count-fell'

export interface Finding {
  readonly kind: FindingKind
  /** Number that the line should have or has. */
  readonly seq: number
  readonly message: string
}

export interface ChainCheck {
  readonly entries: readonly JournalEntry[]
  /** Of the last line that could be read; the given one where there is none. */
  readonly head: JournalHead
  /** Empty: the chain holds. */
  readonly findings: readonly Finding[]
}

/** What the reader knows of the lines before. */
export interface ChainStart {
  readonly head: JournalHead
  /** The last counts by name. */
  readonly counts: Readonly<Record<string, number>>
}

export async function checkChain(lines: readonly string[], start: ChainStart): Promise<ChainCheck> {
  const entries: JournalEntry[] = []
  const findings: Finding[] = []
  const counts = new Map(Object.entries(start.counts))
  let head = start.head
  for (const line of lines) {
    const entry = readOrUndefined(line)
    if (entry === undefined) {
      findings.push({ kind: 'entry-invalid', seq: head.seq + 1, message: `expected line ${head.seq + 1}, found something else` })
      continue
    }
    findings.push(...linkFindings(entry, head), ...orderFindings(entry, entries.at(-1)), ...countFindings(entry, counts))
    entries.push(entry)
    head = { seq: entry.seq, sha256: await hashLine(line) }
  }
  return { entries, head, findings }
}

function linkFindings({ seq, prev }: JournalEntry, head: JournalHead): readonly Finding[] {
  if (seq > head.seq + 1) return [{ kind: 'gap', seq, message: `expected line ${head.seq + 1}, found line ${seq}` }]
  if (seq <= head.seq) return [{ kind: 'fork', seq, message: `expected line ${head.seq + 1}, found a second line ${seq}` }]
  return prev === head.sha256 ? [] : [{ kind: 'broken', seq, message: `line ${seq} does not follow the line ${head.seq} that is known` }]
}

function orderFindings({ seq, boot, mono }: JournalEntry, before: JournalEntry | undefined): readonly Finding[] {
  if (before === undefined || before.boot !== boot || before.mono <= mono) return []
  return [{ kind: 'clock', seq, message: `line ${seq} was written at second ${mono} of its boot, the one before at ${before.mono}` }]
}

function countFindings(entry: JournalEntry, counts: Map<string, number>): readonly Finding[] {
  if (entry.type !== 'count') return []
  const { of: name, count } = entry.data
  const before = counts.get(name) ?? 0
  counts.set(name, Math.max(before, count))
  return count >= before ? [] : [{ kind: 'count-fell', seq: entry.seq, message: `\`${name}\` was counted ${before} times, then ${count}` }]
}

function readOrUndefined(line: string): JournalEntry | undefined {
  try {
    return readLine(line)
  } catch (error) {
    if (error instanceof PolicyError) return undefined
    throw error
  }
}
