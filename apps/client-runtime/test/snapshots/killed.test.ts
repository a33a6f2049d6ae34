// SPDX-License-Identifier: Apache-2.0
//
// Taking, bringing back and deleting, killed before every single change that they make to the file system.
import { spawn } from 'node:child_process'
import { cp, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { SnapshotOwner } from '../../session-host/snapshots/record.ts'
import { carryOutRevert, planRevert } from '../../session-host/snapshots/revert.ts'
import { removeLeftovers, takeSnapshot } from '../../session-host/snapshots/take.ts'
import { readTree } from '../../session-host/snapshots/tree.ts'
import { machineAt, memoryOf, momentsOf, ownerIn, write } from './kept-instance.ts'

let root: string
beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'killed-'))
})
afterEach(() => rm(root, { recursive: true }))

/** How many changes it made; null: it was killed. */
async function run(data: string, what: string, subject: string, at: number): Promise<number | null> {
  const script = fileURLToPath(new URL('./killed-at-step.ts', import.meta.url))
  const child = spawn(process.execPath, [script, data, what, subject, String(at)], { stdio: ['ignore', 'pipe', 'pipe'] })
  let [said, complaint] = ['', '']
  child.stdout.on('data', (bytes) => {
    said += bytes
  })
  child.stderr.on('data', (bytes) => {
    complaint += bytes
  })
  const [code, signal] = await new Promise<[number | null, string | null]>((resolve) => child.on('close', (...end) => resolve(end)))
  expect([signal === 'SIGKILL' || code === 0, complaint]).toEqual([true, ''])
  return signal === 'SIGKILL' ? null : Number(said)
}

/** Every number of changes after which `what` may be killed, each on a copy of `prepared`, and the run that is not killed. */
async function atEveryStep(prepared: string, what: string, subject: string, check: (owner: SnapshotOwner, killed: boolean) => Promise<string>) {
  const whole = join(root, 'whole')
  await cp(prepared, whole, { recursive: true })
  const changes = (await run(whole, what, subject, 0)) ?? 0
  const found: string[] = []
  for (let at = 1; at <= changes; at++) {
    const data = join(root, `at-${at}`)
    await cp(prepared, data, { recursive: true })
    expect(await run(data, what, subject, at)).toBeNull()
    found.push(await check(ownerIn(data), true))
    await rm(data, { recursive: true })
  }
  return { found, last: await check(ownerIn(whole), false) }
}

/** Two snapshots, at `one` and `two`, and disks at `now`. */
async function prepared() {
  const data = join(root, 'prepared')
  const owner = ownerIn(data)
  await write(owner, 'one')
  const first = await takeSnapshot(owner, machineAt(owner, 'one'), 'at one', 1)
  await write(owner, 'two')
  const second = await takeSnapshot(owner, machineAt(owner, 'two'), 'at two', 2)
  await write(owner, 'now')
  return { data, first: first.id, second: second.id }
}

/** Each snapshot that is listed can be brought back, whole. */
async function checkAll(owner: SnapshotOwner): Promise<string> {
  const { snapshots, unreadable } = await readTree(owner)
  expect(unreadable).toEqual([])
  for (const { id, name, parent } of snapshots) {
    if (parent !== null) expect(snapshots.map((snapshot) => snapshot.id)).toContain(parent)
    await planRevert(owner, id)
    const moment = name.replace('at ', '')
    expect(await memoryOf(await carryOutRevert(owner))).toBe(moment)
    expect(await momentsOf(owner)).toBe(moment)
  }
  return snapshots.map(({ name }) => name).join(', ')
}

describe('killed before any change it makes', () => {
  it('taking leaves the snapshot whole or none, and the disks as they are', { timeout: 600_000 }, async () => {
    const { data } = await prepared()
    const { found, last } = await atEveryStep(data, 'take', 'now', async (owner) => {
      expect(await momentsOf(owner)).toBe('now')
      await removeLeftovers(owner)
      return checkAll(owner)
    })
    expect(last).toBe('at one, at two, at now')
    expect(found.length).toBeGreaterThan(10)
    expect(new Set(found)).toEqual(new Set(['at one, at two']))
  })

  it('bringing back leaves the old disks, or those of the snapshot with its memory, never a mix', { timeout: 600_000 }, async () => {
    const { data, first } = await prepared()
    const { found, last } = await atEveryStep(data, 'revert', first, async (owner, killed) => {
      const reverted = await carryOutRevert(owner)
      const outcome = `${await momentsOf(owner)} with ${await memoryOf(reverted)}`
      await reverted?.done()
      expect(await checkAll(owner)).toBe('at one, at two')
      return killed ? outcome : await momentsOf(owner)
    })
    expect(last).toBe('two')
    expect(found[0]).toBe('now with none')
    expect(found.at(-1)).toBe('one with one')
    expect(new Set(found)).toEqual(new Set(['now with none', 'one with one']))
  })

  it('deleting leaves the snapshot whole or none, and every other whole', { timeout: 600_000 }, async () => {
    const { data, first } = await prepared()
    const { found, last } = await atEveryStep(data, 'delete', first, async (owner) => {
      await removeLeftovers(owner)
      return checkAll(owner)
    })
    expect(last).toBe('at two')
    expect(new Set(found)).toEqual(new Set(['at one, at two', 'at two']))
  })
})
