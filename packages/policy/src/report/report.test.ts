// SPDX-License-Identifier: Apache-2.0
import { describe, expect, it } from 'vitest'
import { consoleKey } from '../../test/keys.ts'
import { generateDeviceKey } from '../trust/software-device-key.ts'
import { deviceSigner } from '../trust/token.ts'
import { appendEntry, emptyJournal, type JournalHead } from './journal.ts'
import { makeReceipt } from './receipt.ts'
import { checkReport, linesAfter, makeReport, verifyReceipt } from './report.ts'

const device = 'laptop-1'
const { key } = await generateDeviceKey()
const signer = await deviceSigner(key)
const now = 1_800_000_000
const empty = await emptyJournal(device)
const keys = (kid: string) => (kid === signer.kid ? key.publicJwk : undefined)
const expected = { device, keys, start: { head: empty, counts: {} } }
const coded = (code: string) => expect.objectContaining({ name: 'PolicyError', code })

async function lines(count: number, from: JournalHead = empty) {
  const written: string[] = []
  let head = from
  for (let index = 0; index < count; index += 1) {
    const next = await appendEntry(head, { boot: 'one', wall: now, mono: head.seq }, { type: 'count', data: { of: 'x', count: head.seq } })
    written.push(next.line)
    head = next.head
  }
  return { written, head }
}

const reportOf = ({ written, head }: Awaited<ReturnType<typeof lines>>) => makeReport(written, head, { device, signer, now })

describe('a report', () => {
  it('is acceptable when its lines follow the last receipt and lead to its checkpoint', async () => {
    const first = await lines(3)
    expect(await checkReport(await reportOf(first), expected)).toMatchObject({
      acceptable: true,
      checkpoint: 'holds',
      findings: [],
      head: first.head,
    })
    const next = await lines(2, first.head)
    expect((await checkReport(await reportOf(next), { ...expected, start: { head: first.head, counts: { x: 2 } } })).acceptable).toBe(true)
  })

  it('may have no line: then it says where the journal still stands', async () => {
    expect((await checkReport(await reportOf({ written: [], head: empty }), expected)).acceptable).toBe(true)
  })

  it.each<[string, (written: string[]) => string[], string[]]>([
    ['its last line dropped', (written) => written.slice(0, -1), []],
    ['its first line dropped', (written) => written.slice(1), ['gap']],
    ['a line edited at the end', (written) => written.with(-1, (written.at(-1) ?? '').replace('"count":2', '"count":9')), []],
    ['a line edited inside', (written) => written.with(0, (written[0] ?? '').replace('"count":0', '"count":1')), ['broken']],
    ['a line that is none', (written) => [...written, 'x'], ['entry-invalid']],
  ])('is not acceptable with %s', async (_what, change, kinds) => {
    const honest = await reportOf(await lines(3))
    const check = await checkReport({ ...honest, lines: change(honest.lines) }, expected)
    expect(check.acceptable).toBe(false)
    expect(check.findings.map(({ kind }) => kind)).toEqual(kinds)
    expect((await checkReport(honest, expected)).acceptable).toBe(true)
  })

  it('is acceptable although a count fell, which is told', async () => {
    const check = await checkReport(await reportOf(await lines(2)), { ...expected, start: { head: empty, counts: { x: 9 } } })
    expect(check.acceptable).toBe(true)
    expect(check.findings.map(({ kind }) => kind)).toEqual(['count-fell', 'count-fell'])
  })

  it('is refused as that of another device', async () => {
    const honest = await reportOf(await lines(1))
    await expect(checkReport(honest, { ...expected, device: 'laptop-2' })).rejects.toThrow(coded('report-device'))
    await expect(checkReport({ ...honest, device: 'laptop-2' }, expected)).rejects.toThrow(coded('report-device'))
    await expect(checkReport(honest, { ...expected, keys: () => undefined })).rejects.toThrow(coded('token-key'))
  })
})

describe('a receipt', async () => {
  const online = await consoleKey()
  const receipt = await makeReceipt({ seq: 3, sha256: 'ab'.repeat(32) }, { device, signer: online.signer, now })

  it('names the head up to which lines may be dropped', async () => {
    expect(await verifyReceipt(receipt, { device, keys: online.keys })).toEqual({ seq: 3, sha256: 'ab'.repeat(32) })
  })

  it('is refused for another device, under another key, and in place of a checkpoint', async () => {
    await expect(verifyReceipt(receipt, { device: 'laptop-2', keys: online.keys })).rejects.toThrow(coded('report-device'))
    await expect(verifyReceipt(receipt, { device, keys: () => undefined })).rejects.toThrow(coded('token-key'))
    await expect(checkReport({ format: 'casemate-report-1', device, lines: [], checkpoint: receipt }, expected)).rejects.toThrow(coded('token-typ'))
  })
})

describe('the lines after a receipt', () => {
  it('are those that the console does not have', async () => {
    const three = await lines(3)
    const two = await lines(2)
    expect(await linesAfter(three.written, empty, empty)).toEqual({ lines: three.written })
    expect(await linesAfter(three.written, empty, two.head)).toEqual({ lines: three.written.slice(2) })
    expect(await linesAfter(three.written, empty, three.head)).toEqual({ lines: [] })
    expect(await linesAfter(three.written.slice(2), two.head, two.head)).toEqual({ lines: three.written.slice(2) })
  })

  it('are not told where the journals parted', async () => {
    const three = await lines(3)
    const two = await lines(2)
    expect(await linesAfter(three.written, empty, { seq: 2, sha256: '00'.repeat(32) })).toEqual({ fault: 'fork' })
    expect(await linesAfter(three.written, empty, { seq: 0, sha256: '00'.repeat(32) })).toEqual({ fault: 'fork' })
    expect(await linesAfter(two.written, empty, three.head)).toEqual({ fault: 'ahead' })
    expect(await linesAfter(three.written.slice(2), two.head, (await lines(1)).head)).toEqual({ fault: 'behind' })
  })
})
