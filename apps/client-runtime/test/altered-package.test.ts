// SPDX-License-Identifier: Apache-2.0
//
// An altered object in the console's store: a real session host finds it and blocks, the device remembers it and refuses the next start by
// name, and forgets it once the object came intact.
import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, it, vi } from 'vitest'
import { assignDesktop } from '../../console/src/releases/assign.ts'
import { openRules, operator, publishPackage, publishPolicy, publishRelease } from '../../console/test/console/world.ts'
import { AlteredPackages } from '../daemon/documents/altered-packages.ts'
import { targetFile } from '../daemon/update/place.ts'
import { layoutOf } from '../layout.ts'
import { Computer, realWorld } from './computer.ts'

const start = { instance: 'office', password: null }
const altered = { code: 'refused', reasons: [expect.objectContaining({ code: 'package-altered' })] }

async function enrolled(): Promise<{ computer: Computer; sha256: string; victim: string }> {
  const [world, computer] = [await realWorld(), await Computer.fresh('real')]
  const { object, sha256 } = await publishPackage(world)
  await publishPolicy(world, '1', openRules)
  await publishRelease(world, '1')
  await assignDesktop(operator, world.console, 'office', { subject: 'all', value: '' })
  await computer.enrol(world)
  await computer.call('activate', { desktop: 'office', presented: null, password: null })
  return { computer, sha256, victim: join(world.console.layout.objects, object.slice(0, 2), object) }
}

const sessionOf = async (computer: Computer) => (await computer.call('status', {})).instances[0]?.session
const reasonsOf = async (computer: Computer) => (await computer.call('list', {})).desktops[0]?.reasons.map(({ code }) => code)

async function end(computer: Computer): Promise<void> {
  await computer.call('stop', { instance: 'office', how: 'power-off' })
  await vi.waitFor(async () => expect(await sessionOf(computer)).toMatchObject({ open: false }), 60_000)
}

describe('a package with one byte altered', () => {
  it('blocks, is refused from then on, over a restart too, and starts once the byte is as it was', async () => {
    const { computer, victim } = await enrolled()
    const bytes = await readFile(victim)
    await writeFile(victim, bytes.with(20, (bytes[20] ?? 0) ^ 1))
    expect(await reasonsOf(computer)).toEqual([])
    await computer.call('start', start)
    await vi.waitFor(async () => expect(await sessionOf(computer)).toMatchObject({ state: 'blocked', blocked: { code: 'root-altered' } }), 60_000)
    await end(computer)
    expect(await reasonsOf(computer)).toEqual(['package-altered'])
    await expect(computer.call('start', start)).rejects.toMatchObject(altered)
    await computer.stop()
    await computer.start()
    expect(await reasonsOf(computer)).toEqual(['package-altered'])
    await expect(computer.call('start', start)).rejects.toMatchObject(altered)
    await writeFile(victim, bytes)
    await computer.call('start', start)
    await vi.waitFor(async () => expect((await sessionOf(computer))?.state).toBe('running'), 60_000)
    expect(await reasonsOf(computer)).toEqual([])
    await end(computer)
  })

  it('is refused before any start where it is the manifest, and starts with the approved one', async () => {
    const { computer, sha256 } = await enrolled()
    const held = targetFile(layoutOf(computer.data).update, sha256)
    const bytes = await readFile(held)
    await writeFile(held, bytes.with(20, (bytes[20] ?? 0) ^ 1))
    await expect(computer.call('start', start)).rejects.toMatchObject({ reasons: [{ code: 'decision-failed' }] })
    await writeFile(held, bytes)
    await computer.call('start', start)
    await end(computer)
  })
})

describe('what is remembered of altered packages', () => {
  const [one, other, object] = ['1'.repeat(64), '2'.repeat(64), 'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855']

  it('is of one package, durable, and ends with the bytes of the name only', async () => {
    const computer = await Computer.fresh()
    const layout = layoutOf(computer.data)
    const packages = await AlteredPackages.open(layout)
    await packages.note(one, object)
    await packages.note(one, object)
    expect([packages.has(one), packages.has(other)]).toEqual([true, false])
    for (const find of [async () => null, async () => Buffer.from('x'), async () => Promise.reject(new Error('gone'))]) await packages.mend(find)
    const again = await AlteredPackages.open(layout)
    expect(again.has(one)).toBe(true)
    await again.mend(async () => new Uint8Array())
    expect([again.has(one), (await AlteredPackages.open(layout)).has(one)]).toEqual([false, false])
    await writeFile(layout.alteredPackages, '{}')
    await expect(AlteredPackages.open(layout)).rejects.toMatchObject({ code: 'state-altered' })
  })
})
