// SPDX-License-Identifier: Apache-2.0
import type { JournalEvent } from '@casemate/policy/event'
import { appendEntry, emptyJournal, type JournalHead } from '@casemate/policy/journal'
import { routes } from '@casemate/policy/protocol'
import { linesAfter, makeReport, verifyReceipt } from '@casemate/policy/report'
import { deviceSigner } from '@casemate/policy/token'
import { expect, it } from 'vitest'
import { showReport } from '../../src/reports/show.ts'
import { errorOf, ScriptedDevice } from './device.ts'
import { onlineKeys, operator, startWorld, type World } from './world.ts'

const count = (of: string, number: number): JournalEvent => ({ type: 'count', data: { of, count: number } })
const started: JournalEvent = { type: 'runtime-started', data: { runtimeVersion: '0.1.0' } }

/** A journal with its lines, as a device keeps them. */
class Journal {
  head: JournalHead
  readonly lines: string[] = []
  readonly device: ScriptedDevice

  constructor(device: ScriptedDevice, head: JournalHead) {
    this.device = device
    this.head = head
  }

  static async of(device: ScriptedDevice): Promise<Journal> {
    return new Journal(device, await emptyJournal(device.id))
  }

  async write(...events: readonly JournalEvent[]): Promise<void> {
    for (const event of events) {
      const { line, head } = await appendEntry(this.head, { boot: 'boot', wall: this.device.world.now, mono: this.lines.length }, event)
      this.lines.push(line)
      this.head = head
    }
  }

  async send(lines: readonly string[], head = this.head) {
    const { id, key, world } = this.device
    const report = await makeReport(lines, head, { device: id, signer: await deviceSigner(key), now: world.now })
    return await this.device.post(routes.sendReport.path, report)
  }

  async headIn(token: string | null): Promise<JournalHead> {
    return await verifyReceipt(token ?? '', { device: this.device.id, keys: await onlineKeys(this.device.world) })
  }
}

async function enrolledJournal(): Promise<{ world: World; journal: Journal; device: ScriptedDevice }> {
  const world = await startWorld()
  const device = await ScriptedDevice.enrolled(world)
  return { world, device, journal: await Journal.of(device) }
}

const shown = async (world: World, device: ScriptedDevice) => await showReport(operator, world.console, device.id, 10)

it('receipts the lines of a device, names the receipt at the next check-in, and shows one chain without a gap', async () => {
  const { world, device, journal } = await enrolledJournal()
  expect(await shown(world, device)).toMatchObject({ head: null, verified: true, entries: [] })
  await journal.write(started, count('boots', 1))
  const first = await journal.send(journal.lines)
  expect(await journal.headIn(first.body.receipt)).toEqual(journal.head)
  await journal.write(count('boots', 2))
  const second = await journal.send(journal.lines.slice(2))
  expect((await device.checkIn()).body.receipt).toBe(second.body.receipt)
  const report = await shown(world, device)
  expect(report).toMatchObject({ head: { seq: 3, sha256: journal.head.sha256 }, verified: true, findings: [], fault: null })
  expect(report.entries.map(({ type }) => type)).toEqual(['runtime-started', 'count', 'count'])
})

it('tells a device whose receipt was lost from where to go on, and calls that no fault', async () => {
  const { world, device, journal } = await enrolledJournal()
  await journal.write(started)
  await journal.send(journal.lines)
  await journal.write(count('boots', 1))
  const again = await journal.send(journal.lines)
  expect(errorOf(again)).toEqual({ status: 409, code: 'report-not-next' })
  const receipt = await journal.headIn(again.body.token)
  const rest = await linesAfter(journal.lines, await emptyJournal(device.id), receipt)
  expect((await journal.send('lines' in rest ? rest.lines : [])).status).toBe(200)
  expect(await shown(world, device)).toMatchObject({ verified: true, fault: null, head: { seq: 2 } })
})

it('flags a gap, keeps what it had, and takes the missing lines afterwards', async () => {
  const { world, device, journal } = await enrolledJournal()
  await journal.write(started, count('boots', 1), count('boots', 2))
  expect(errorOf(await journal.send(journal.lines.slice(1)))).toEqual({ status: 409, code: 'report-not-next' })
  expect(await shown(world, device)).toMatchObject({ head: { seq: 0 }, fault: { kind: 'gap' } })
  expect((await journal.send(journal.lines)).status).toBe(200)
  expect(await shown(world, device)).toMatchObject({ head: { seq: 3 }, verified: true, fault: { kind: 'gap' } })
})

it('flags a journal that was written otherwise after its receipt, and one that was set back', async () => {
  const { world, device, journal } = await enrolledJournal()
  await journal.write(started, count('boots', 1))
  await journal.send(journal.lines)
  const other = await Journal.of(device)
  await other.write(started, count('boots', 7), count('boots', 8))
  expect(errorOf(await other.send(other.lines))).toEqual({ status: 409, code: 'report-not-next' })
  expect(await shown(world, device)).toMatchObject({ head: { seq: 2, sha256: journal.head.sha256 }, fault: { kind: 'fork' } })

  const backwards = await enrolledJournal()
  await backwards.journal.write(started, count('boots', 1))
  const [{ head }, [first = '']] = [backwards.journal, backwards.journal.lines]
  await backwards.journal.send(backwards.journal.lines)
  const early = await Journal.of(backwards.device)
  await early.write(started)
  expect(head.seq).toBe(2)
  expect(early.lines).toEqual([first])
  expect(errorOf(await early.send(early.lines))).toEqual({ status: 409, code: 'report-not-next' })
  expect(await shown(backwards.world, backwards.device)).toMatchObject({ fault: { kind: 'fork' } })
})

it('refuses lines that do not follow each other or lead elsewhere than was signed, and takes the true ones', async () => {
  const { world, device, journal } = await enrolledJournal()
  await journal.write(started, count('boots', 1), count('boots', 2))
  const [one = '', , three = ''] = journal.lines
  expect(errorOf(await journal.send([one, three]))).toEqual({ status: 403, code: 'report-refused' })
  expect(await shown(world, device)).toMatchObject({ fault: { kind: 'gap' } })
  expect(errorOf(await journal.send(journal.lines.slice(0, 2)))).toEqual({ status: 403, code: 'report-refused' })
  expect((await journal.send(journal.lines)).status).toBe(200)
})

it('takes lines with a falling count, which are of this chain, and flags it', async () => {
  const { world, device, journal } = await enrolledJournal()
  await journal.write(count('boots', 5))
  await journal.send(journal.lines)
  await journal.write(count('boots', 4))
  expect((await journal.send(journal.lines.slice(1))).status).toBe(200)
  expect(await shown(world, device)).toMatchObject({ head: { seq: 2 }, fault: { kind: 'count-fell' } })
})

it('refuses a report that another device signed', async () => {
  const { world, device, journal } = await enrolledJournal()
  const other = await ScriptedDevice.enrolled(world)
  await journal.write(started)
  const forged = await makeReport(journal.lines, journal.head, { device: device.id, signer: await deviceSigner(other.key), now: world.now })
  expect(errorOf(await device.post(routes.sendReport.path, forged))).toEqual({ status: 403, code: 'report-refused' })
  expect(errorOf(await other.post(routes.sendReport.path, forged))).toEqual({ status: 403, code: 'report-refused' })
  expect((await journal.send(journal.lines)).status).toBe(200)
})
