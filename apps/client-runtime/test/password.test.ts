// SPDX-License-Identifier: Apache-2.0
//
// The password of an instance, over the real console and daemon: what was once changed stays changed, whatever is put back.
import { execFile } from 'node:child_process'
import { cp, readFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { ecPublicJwk } from '@casemate/policy/jwk'
import { describe, expect, it, vi } from 'vitest'
import { z } from 'zod'
import { listEscrow } from '../../console/src/escrow/read.ts'
import { grantOverride } from '../../console/src/help-desk/grant-override.ts'
import { showReport } from '../../console/src/reports/show.ts'
import { administrator, giveBack, publishEscrowKeys } from '../../console/test/console/escrow-keys.ts'
import { operator, publishDesktop, type World } from '../../console/test/console/world.ts'
import { listVerified } from '../daemon/update/verified-copy.ts'
import { layoutOf } from '../layout.ts'
import { Computer, realWorld } from './computer.ts'

const [first, second, third] = ['A first password 1', 'A second password 2', 'A third password 3']
const authentication = { setting: 'authentication', value: { mode: 'password', minLength: 8, minClasses: 2, tries: 1, lockMinutes: 5 } }
const bounds = { extendDays: 0, extendOfflineMinutes: 0, exceptions: [], rescue: [] }
const overrides = (reset: boolean) => ({ setting: 'overrides', value: { ...bounds, reset } })

async function withPassword() {
  const [world, computer] = [await realWorld(), await Computer.fresh()]
  await publishDesktop(world, [authentication, overrides(true)])
  const device = await computer.enrol(world)
  const activated = await computer.call('activate', { desktop: 'office', presented: null, password: first })
  expect(activated.escrow).toBe(null)
  const files = layoutOf(computer.data)
  const folder = files.instance('office').folder
  const starts = (password: string) => computer.call('start', { instance: 'office', password })
  const change = (current: string, password: string) => computer.call('setPassword', { instance: 'office', current, password })
  return { world, computer, device, files, folder, starts, change }
}

describe('a password that was changed', () => {
  it('does not come back with an older folder of the instance, nor with an end of the daemon in the middle', async () => {
    const { computer, files, folder, starts, change } = await withPassword()
    const [old, kept] = [join(computer.data, 'old'), join(computer.data, 'kept')]
    await cp(folder, old, { recursive: true })
    await change(first, second)
    await cp(folder, kept, { recursive: true })
    await rm(folder, { recursive: true })
    await cp(old, folder, { recursive: true })
    await expect(starts(first)).rejects.toMatchObject({ code: 'instance-key-older' })
    await expect(starts(second)).rejects.toMatchObject({ code: 'instance-key-older' })
    await rm(folder, { recursive: true })
    await cp(kept, folder, { recursive: true })
    const [record, floor] = [files.instance('office').record, files.passwordFloor('office')]
    const [after, settled] = [JSON.parse(await readFile(record, 'utf8')), JSON.parse(await readFile(floor, 'utf8'))]
    expect(settled).toMatchObject({ passwordSeq: 1, resetSeq: 0, pending: null })
    // As it stands after the first of the three writes of a change.
    await cp(join(old, 'instance.json'), record)
    await writeFile(floor, JSON.stringify({ ...settled, pending: after.key }))
    await computer.stop()
    await computer.start()
    expect((await computer.call('list', {})).desktops[0]?.password).toMatchObject({ set: true })
    await expect(starts(second)).resolves.toMatchObject({ session: { open: true } })
    expect(JSON.parse(await readFile(record, 'utf8'))).toEqual(after)
    expect(JSON.parse(await readFile(floor, 'utf8'))).toEqual(settled)
  })
})

const run = promisify(execFile)
const [casemate, admin] = ['../cli/main.ts', '../../console/cli/main.ts'].map((path) => fileURLToPath(new URL(path, import.meta.url)))

/** As the help desk takes it from the console. */
async function exported(world: World, computer: Computer, device: string, folder = 'exported') {
  const out = join(computer.data, folder)
  const { stdout } = await run(process.execPath, [
    admin ?? '',
    'escrow',
    'export',
    device,
    '--instance',
    'office',
    '--out',
    out,
    '--data',
    world.data,
    '--json',
  ])
  const { shares } = z.object({ shares: z.array(z.object({ key: z.string(), file: z.string() })) }).parse(JSON.parse(stdout))
  const agreementKey = ecPublicJwk.parse(JSON.parse(await readFile(join(out, 'device-key.json'), 'utf8')))
  return { agreementKey, shares: await Promise.all(shares.map(async ({ key, file }) => ({ key, text: await readFile(file, 'utf8') }))) }
}

describe('a password that was forgotten', () => {
  it('is reset by enough administrators together, once; the old one, its file and their shares open nothing afterwards', async () => {
    const { world, computer, device, files, starts, change } = await withPassword()
    const people = [administrator(), administrator(), administrator()] as const
    const reset = (shares: string[], password = third) => computer.call('resetPassword', { instance: 'office', shares, password })
    await expect(reset(['{}'])).rejects.toMatchObject({ code: 'escrow-missing' })

    // Approved after the activation: the shares are made by whoever opens the instance next.
    await publishEscrowKeys(world, 2, people)
    await vi.waitFor(async () => expect((await listVerified(files.update)).map(({ path }) => path)).toContain('keys/escrow.json'), 60_000)
    await starts(first)
    await computer.hosts[0]?.close()
    await vi.waitFor(async () => expect((await computer.call('status', {})).instances[0]?.session).toMatchObject({ open: false }), 60_000)
    const kept = async () => (await listEscrow(operator, world.console, device)).splits
    await vi.waitFor(async () => expect(await kept()).toMatchObject([{ instance: 'office', threshold: 2, resets: 0 }]), 60_000)
    const { agreementKey, shares } = await exported(world, computer, device)
    const [ada = '', , cora = ''] = await Promise.all(people.map((person, at) => giveBack(person, shares[at]?.text ?? '', agreementKey)))

    /** Granted by the help desk, and taken with the next contact. @returns its id */
    const allowed = async (instance: string) => {
      const wanted = { kind: 'reset' as const, grant: { instance } }
      const { id } = await grantOverride(operator, world.console, { device, desktop: 'office', wanted, lifetimeSeconds: 3600 })
      await vi.waitFor(async () => expect(await readFile(files.overrides, 'utf8')).toContain(`"${id}"`), 60_000)
      return id
    }
    const [record, floor] = [files.instance('office').record, files.passwordFloor('office')]
    const old = await readFile(record)
    for (const password of ['forgotten 1', first])
      await expect(starts(password)).rejects.toMatchObject({ reasons: [{ code: 'authentication-locked' }] })
    const before = await readFile(record)
    await expect(reset([ada, cora])).rejects.toMatchObject({ code: 'grant-missing' })
    const grant = await allowed('office')
    await expect(reset([ada])).rejects.toMatchObject({ code: 'escrow-shares-too-few' })
    await expect(reset([ada, cora], 'short')).rejects.toMatchObject({ code: 'password-weak' })
    expect(await readFile(record)).toEqual(before)
    const at = (name: string) => join(computer.data, name)
    await Promise.all(Object.entries({ cora, ada, new: third }).map(([name, text]) => writeFile(at(name), text)))
    const asked = ['reset-password', 'office', '--shares', at('cora'), at('ada'), '--new-password-file', at('new'), '--data', computer.data]
    expect((await run(process.execPath, [casemate ?? '', ...asked])).stdout).toBe(
      'The password of office is set; the one before opens nothing any more.\n  2 of 3 administrators together can reset a forgotten password.\n',
    )
    await expect(reset([cora, ada], second)).rejects.toMatchObject({ code: 'grant-missing' })
    await allowed('office')
    await expect(reset([cora, ada], second)).rejects.toMatchObject({ code: 'escrow-share-older' })
    expect(JSON.parse(await readFile(floor, 'utf8'))).toMatchObject({ passwordSeq: 1, resetSeq: 1, pending: null })

    const after = await readFile(record)
    await writeFile(record, old)
    await expect(starts(first)).rejects.toMatchObject({ code: 'instance-key-older' })
    await writeFile(record, after)
    expect(await change(third, second)).toEqual({ instance: 'office', escrow: { threshold: 2, shares: 3 } })
    await expect(starts(second)).resolves.toMatchObject({ session: { open: true } })
    await vi.waitFor(async () => expect(await kept()).toMatchObject([{ resets: 1 }]), 60_000)
    await vi.waitFor(async () => {
      const { entries, findings } = await showReport(operator, world.console, device, 50)
      const told = entries.filter(({ type }) => type === 'password-reset' || type === 'escrow-made').map(({ type, data }) => [type, data])
      const made = ['escrow-made', { instance: 'office', threshold: 2, shares: 3 }]
      const keys = [shares[2]?.key, shares[0]?.key]
      expect([told, findings]).toEqual([[made, ['password-reset', { instance: 'office', grant, keys }], made, made], []])
    }, 60_000)
  })
})
