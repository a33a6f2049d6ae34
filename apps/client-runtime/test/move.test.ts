// SPDX-License-Identifier: Apache-2.0
//
// An instance that is carried from one computer of an organisation to another, over the real console and two real daemons.
import { execFile } from 'node:child_process'
import { cp, mkdir, readdir, readFile, rm, symlink, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { describe, expect, it, vi } from 'vitest'
import { exportEscrow, listEscrow } from '../../console/src/escrow/read.ts'
import { allowMove } from '../../console/src/help-desk/allow-move.ts'
import { showReport } from '../../console/src/reports/show.ts'
import { administrator, giveMoved, publishEscrowKeys } from '../../console/test/console/escrow-keys.ts'
import { operator, publishDesktop } from '../../console/test/console/world.ts'
import { layoutOf } from '../layout.ts'
import { Computer, realWorld } from './computer.ts'

const run = promisify(execFile)
const main = fileURLToPath(new URL('../cli/main.ts', import.meta.url))
const password = 'A good password 1'
const rules = (moved: 'consent' | 'refuse') => [
  { setting: 'authentication', value: { mode: 'password', minLength: 8, minClasses: 2, tries: 5, lockMinutes: 5 } },
  { setting: 'moved-instances', value: moved },
]
const disk = `system-system-${'0'.repeat(64)}.xts`

/** One desktop, activated on the first of two computers, whose key is split among two of three people. */
async function organisation(moved: 'consent' | 'refuse' = 'consent') {
  const [world, first, second] = [await realWorld(), await Computer.fresh(), await Computer.fresh()]
  const people = [administrator(), administrator(), administrator()] as const
  await publishEscrowKeys(world, 2, people)
  await publishDesktop(world, rules(moved))
  const [from, to] = [await first.enrol(world), await second.enrol(world)]
  await first.call('activate', { desktop: 'office', presented: null, password })
  await vi.waitFor(async () => expect((await listEscrow(operator, world.console, from)).splits).toHaveLength(1), 60_000)
  const folder = layoutOf(first.data).instance('office').folder
  await mkdir(join(folder, 'disks'), { recursive: true })
  await writeFile(join(folder, 'disks', disk), 'what the user wrote')
  const copy = join(second.data, 'copy')
  await cp(folder, copy, { recursive: true })

  const reasons = async () => (await second.call('list', {})).desktops[0]?.reasons.map(({ code, nextStep }) => [code, nextStep])
  const bring = () => second.call('importInstance', { folder: copy })
  const allow = (change: object = {}) =>
    allowMove(operator, world.console, { device: to, desktop: 'office', instance: 'office', from, lifetimeSeconds: 3600, ...change })
  const shares = async (token: string) => {
    const { agreementKey, shares: sealed } = await exportEscrow(operator, world.console, { device: from, instance: 'office', recipient: to })
    return await Promise.all(people.map((person, at) => giveMoved(person, sealed[at]?.share ?? '', agreementKey, token)))
  }
  /** Shares under a grant that has come to the second computer. */
  const granted = async () => {
    const { token, id } = await allow()
    await vi.waitFor(async () => expect(await readFile(layoutOf(second.data).overrides, 'utf8')).toContain(`"${id}"`), 60_000)
    return await shares(token)
  }
  const complete = (given: string[], chosen: string | null = password) =>
    second.call('completeMove', { instance: 'office', shares: given, password: chosen, presented: null })
  const start = (computer: Computer) => computer.call('start', { instance: 'office', password })
  return { world, first, second, from, to, folder, copy, reasons, bring, allow, shares, granted, complete, start }
}

const refused = (code: string) => ({ code })

describe('an instance that was brought from another computer', () => {
  it('does not start before help desk and administrators have consented, and then runs here and not there', async () => {
    const { world, first, second, from, to, copy, reasons, allow, shares, complete, start } = await organisation()
    const casemate = (...more: readonly string[]) => run(process.execPath, [main, 'move', 'office', '--data', second.data, ...more])
    await expect(casemate()).rejects.toMatchObject({ code: 2 })
    expect((await casemate('--from', copy)).stdout).toBe('office is here, and does not start before it is bound to this computer.\n')
    expect(await reasons()).toEqual([['instance-moved', 'Ask for it to be bound to this one.']])
    await expect(start(second)).rejects.toMatchObject({ reasons: [{ code: 'instance-moved' }] })
    await expect(second.call('activate', { desktop: 'office', presented: null, password })).rejects.toMatchObject(refused('already-activated'))

    const { token, id } = await allow()
    await vi.waitFor(async () => expect(await readFile(layoutOf(second.data).overrides, 'utf8')).toContain(`"${id}"`), 60_000)
    const [ada = '', , cora = ''] = await shares(token)
    await expect(complete([ada])).rejects.toMatchObject(refused('escrow-shares-too-few'))
    await expect(complete([ada, cora], 'short')).rejects.toMatchObject(refused('password-weak'))
    expect(await reasons()).toMatchObject([['instance-moved', expect.any(String)]])
    const at = (name: string) => join(second.data, name)
    await Promise.all(Object.entries({ ada, cora, password }).map(([name, text]) => writeFile(at(name), text)))
    const completed = await casemate('--shares', at('ada'), at('cora'), '--new-password-file', at('password'))
    expect(completed.stdout).toMatch(/^office is bound to this computer now, and to no other\.\n.*2 of 3 administrators/)
    await expect(complete([ada, cora])).rejects.toMatchObject(refused('move-needless'))

    expect(await start(second)).toMatchObject({ session: { open: true } })
    expect(await readFile(join(layoutOf(second.data).instance('office').disks, disk), 'utf8')).toBe('what the user wrote')
    await vi.waitFor(async () => {
      const { entries } = await showReport(operator, world.console, to, 100)
      expect(entries.map(({ type }) => type)).toContain('instance-imported')
      const rebound = { type: 'instance-rebound', data: expect.objectContaining({ instance: 'office', from, grant: id }) }
      expect(entries).toContainEqual(expect.objectContaining(rebound))
    }, 60_000)
    // The console gives it to one device at a time.
    await vi.waitFor(async () => expect((await first.call('list', {})).desktops[0]?.reasons).toMatchObject([{ code: 'activation-needed' }]), 60_000)
    await expect(start(first)).rejects.toMatchObject({ reasons: [{ code: 'activation-needed' }] })
    expect(await readdir(copy)).toContain('instance.json')
  })

  it('is bound by no grant that is of another device or used, nor by shares without one', async () => {
    const { second, bring, allow, granted, complete, reasons, to, from, folder } = await organisation()
    await bring()
    const given = await granted()
    await expect(allow({ device: from, from: to })).rejects.toMatchObject(refused('not-found'))
    await expect(allow({ instance: 'lab' })).rejects.toMatchObject(refused('not-found'))
    await expect(complete(['{}', '{}'])).rejects.toMatchObject(refused('escrow-share-invalid'))
    expect(await reasons()).toMatchObject([['instance-moved', expect.any(String)]])
    expect(await complete(given)).toMatchObject({ instance: 'office' })
    expect(await reasons()).toEqual([])
    // The same grant and shares once more, for the same folder.
    await rm(layoutOf(second.data).instance('office').folder, { recursive: true })
    await second.call('importInstance', { folder })
    await expect(complete(given)).rejects.toMatchObject(refused('grant-missing'))
  })

  it('is bound by no grant that is over', async () => {
    const { second, bring, granted, complete, reasons } = await organisation()
    await bring()
    const given = await granted()
    // Not back again: a device's clock does not go back.
    second.clock.offset = 3601
    await expect(complete(given)).rejects.toMatchObject(refused('grant-missing'))
    expect(await reasons()).toMatchObject([['instance-moved', expect.any(String)]])
  })

  it('stays bound where it was under policies that refuse it', async () => {
    const { bring, allow, reasons } = await organisation('refuse')
    await bring()
    expect(await reasons()).toEqual([['instance-moved', 'Use it there, or remove it here and activate the desktop afresh.']])
    await expect(allow()).rejects.toMatchObject(refused('override-refused'))
  })

  it('comes whole or not at all, and only as what it is', async () => {
    const { first, second, copy, folder, bring } = await organisation()
    const here = layoutOf(second.data).instances
    const nothingHere = async () => expect(await readdir(here).catch(() => [])).toEqual([])
    await expect(first.call('importInstance', { folder })).rejects.toMatchObject(refused('move-needless'))
    await expect(second.call('importInstance', { folder: join(copy, 'disks') })).rejects.toMatchObject(refused('moved-instance-invalid'))
    const record = await readFile(join(copy, 'instance.json'), 'utf8')
    await writeFile(join(copy, 'instance.json'), record.replace('"format"', '"formats"'))
    await expect(bring()).rejects.toMatchObject(refused('moved-instance-invalid'))
    await writeFile(join(copy, 'instance.json'), record)
    await rm(join(copy, 'disks', disk))
    await symlink('/etc/passwd', join(copy, 'disks', disk))
    await expect(bring()).rejects.toMatchObject(refused('moved-instance-invalid'))
    await nothingHere()
    await rm(join(copy, 'disks', disk))
    await writeFile(join(copy, 'disks', 'other.txt'), 'not ours')
    await bring()
    expect(await readdir(join(here, 'office'))).toEqual(['disks', 'instance.json'])
    expect(await readdir(join(here, 'office', 'disks'))).toEqual([])
    await expect(bring()).rejects.toMatchObject(refused('already-activated'))
  })
})
