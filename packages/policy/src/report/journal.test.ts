// SPDX-License-Identifier: Apache-2.0
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { PolicyError } from '../error.ts'
import { type ChainStart, checkChain } from './chain.ts'
import type { JournalEvent } from './event.ts'
import { appendEntry, emptyJournal, hashLine, type JournalHead, readLine } from './journal.ts'

const coded = (code: string) => expect.objectContaining({ name: 'PolicyError', code })
const event: fc.Arbitrary<JournalEvent> = fc.oneof(
  fc.constant<JournalEvent>({ type: 'runtime-stopped', data: {} }),
  fc.nat().map((exp): JournalEvent => ({ type: 'lease-taken', data: { seq: exp + 1, exp, action: 'run' } })),
  fc.string({ maxLength: 20 }).map((message): JournalEvent => ({ type: 'lease-refused', data: { code: 'lease-older', message } })),
)

async function write(events: readonly JournalEvent[], from?: JournalHead): Promise<{ lines: string[]; head: JournalHead }> {
  let head = from ?? (await emptyJournal('laptop-1'))
  const lines: string[] = []
  for (const [index, entry] of events.entries()) {
    const next = await appendEntry(head, { boot: 'one', wall: 1000 + index, mono: index }, entry)
    lines.push(next.line)
    head = next.head
  }
  return { lines, head }
}

const start = async (): Promise<ChainStart> => ({ head: await emptyJournal('laptop-1'), counts: {} })
const kinds = async (lines: readonly string[], from?: ChainStart) =>
  (await checkChain(lines, from ?? (await start()))).findings.map(({ kind }) => kind)
const count = (n: number): JournalEvent => ({ type: 'count', data: { of: 'network-refused', count: n } })
const journals = fc.array(event, { minLength: 2, maxLength: 8 })

describe('a journal', () => {
  it('holds as it was written, and ends at its head', async () => {
    await fc.assert(
      fc.asyncProperty(journals, async (events) => {
        const { lines, head } = await write(events)
        const check = await checkChain(lines, await start())
        expect(check.findings).toEqual([])
        expect(check.head).toEqual(head)
        expect(check.entries.map(({ type, data }) => ({ type, data }))).toEqual(events)
      }),
    )
  })

  it('shows any edit of a line: to whoever has the line after it, or the head', async () => {
    await fc.assert(
      fc.asyncProperty(journals, fc.nat(), event, async (events, pick, other) => {
        const { lines, head } = await write(events)
        const index = pick % lines.length
        const entry = readLine(lines[index] ?? '')
        const { line } = await appendEntry({ seq: entry.seq - 1, sha256: entry.prev }, entry, other)
        fc.pre(line !== lines[index])
        const check = await checkChain(lines.with(index, line), await start())
        expect(check.findings.length > 0 || check.head.sha256 !== head.sha256).toBe(true)
        if (index < lines.length - 1) expect(check.findings).toEqual([expect.objectContaining({ kind: 'broken', seq: index + 2 })])
      }),
    )
  })

  it('shows a dropped line as a gap, and one dropped at the end by the head', async () => {
    await fc.assert(
      fc.asyncProperty(journals, fc.nat(), async (events, pick) => {
        const { lines, head } = await write(events)
        const index = pick % lines.length
        const check = await checkChain(lines.toSpliced(index, 1), await start())
        if (index === lines.length - 1) expect(check.head).not.toEqual(head)
        else expect(check.findings[0]).toMatchObject({ kind: 'gap', seq: index + 2 })
      }),
    )
  })

  it('shows two lines that changed places', async () => {
    await fc.assert(
      fc.asyncProperty(journals, fc.nat(), async (events, pick) => {
        const { lines } = await write(events)
        const index = pick % (lines.length - 1)
        const [one = '', two = ''] = lines.slice(index, index + 2)
        expect(await kinds(lines.toSpliced(index, 2, two, one))).toContain('fork')
      }),
    )
  })

  it('shows a second line of a number that was seen, and goes on after what was seen', async () => {
    const { lines, head } = await write([count(1), count(2)])
    const known = { head, counts: { 'network-refused': 2 } }
    expect(await kinds(lines.slice(1), known)).toEqual(['fork'])
    expect(await kinds((await write([count(3)], head)).lines, known)).toEqual([])
  })

  it('shows lines of another journal with the right number', async () => {
    const { head } = await write([count(1), count(2)])
    const other = await write([count(1), count(3), count(4)])
    expect(await kinds(other.lines.slice(2), { head, counts: {} })).toEqual(['broken'])
  })

  it('begins in a way of its own for each device', async () => {
    const { lines } = await write([count(1)])
    expect(await kinds(lines, { head: await emptyJournal('laptop-2'), counts: {} })).toEqual(['broken'])
  })

  it('shows a count that fell, also below one that was reported earlier', async () => {
    expect(await kinds((await write([count(2), count(2), count(3)])).lines)).toEqual([])
    expect(await kinds((await write([count(2), count(1)])).lines)).toEqual(['count-fell'])
    expect(await kinds((await write([count(2)])).lines, { ...(await start()), counts: { 'network-refused': 3 } })).toEqual(['count-fell'])
  })

  it('shows a monotonic clock that fell within a boot, and not over a reboot', async () => {
    const first = await appendEntry(await emptyJournal('laptop-1'), { boot: 'one', wall: 1000, mono: 50 }, count(1))
    const same = await appendEntry(first.head, { boot: 'one', wall: 1001, mono: 49 }, count(2))
    const next = await appendEntry(first.head, { boot: 'two', wall: 1001, mono: 3 }, count(2))
    expect(await kinds([first.line, same.line])).toEqual(['clock'])
    expect(await kinds([first.line, next.line])).toEqual([])
    const still = await appendEntry(first.head, { boot: 'one', wall: 1001, mono: 50 }, count(2))
    expect(await kinds([first.line, still.line])).toEqual([])
  })

  it('takes nothing that it could not read again', async () => {
    const head = await emptyJournal('laptop-1')
    const time = { boot: 'one', wall: 1000, mono: 1 }
    const long: JournalEvent = { type: 'lease-refused', data: { code: 'lease-older', message: 'x'.repeat(501) } }
    await expect(appendEntry(head, time, long)).rejects.toThrow(coded('journal-entry-invalid'))
    await expect(appendEntry(head, { ...time, wall: -1 }, count(1))).rejects.toThrow(coded('journal-entry-invalid'))
    expect(readLine((await appendEntry(head, { ...time, wall: 1000.7, mono: 1.9 }, count(1))).line)).toMatchObject({ wall: 1000, mono: 1 })
  })

  it('reads no random text, and flags it without an error of its own', async () => {
    await fc.assert(
      fc.asyncProperty(fc.string(), async (text) => {
        expect(() => readLine(text)).toThrow(PolicyError)
        expect(await kinds([text])).toEqual(['entry-invalid'])
      }),
    )
  })

  it('says at which line something is wrong, and what was expected there', async () => {
    const { lines } = await write([count(1), count(2), count(3)])
    const findings = async (given: readonly string[]) => (await checkChain(given, await start())).findings
    expect(await findings([lines[0] ?? '', 'x'])).toEqual([{ kind: 'entry-invalid', seq: 2, message: 'expected line 2, found something else' }])
    expect(await findings([lines[0] ?? '', lines[2] ?? ''])).toEqual([{ kind: 'gap', seq: 3, message: 'expected line 2, found line 3' }])
    expect(await findings([lines[0] ?? '', lines[0] ?? ''])).toEqual([{ kind: 'fork', seq: 1, message: 'expected line 2, found a second line 1' }])
  })

  it('hashes the raw line, so that another spelling of the same entry is another line', async () => {
    const { lines } = await write([count(1), count(2)])
    const spaced = (lines[0] ?? '').replace(',', ', ')
    expect(readLine(spaced)).toEqual(readLine(lines[0] ?? ''))
    expect(await hashLine(spaced)).not.toBe(await hashLine(lines[0] ?? ''))
    expect(await kinds([spaced, lines[1] ?? ''])).toEqual(['broken'])
  })
})
