// SPDX-License-Identifier: Apache-2.0
import { access, readFile, rm, writeFile } from 'node:fs/promises'
import { describe, expect, it } from 'vitest'
import { type Walk, walkingDisk } from '../../../../packages/engine/test/boot-disk.ts'
import { admin, machineYaml, makeKey, makeWorkplace, sealArguments, type Workplace } from './admin.ts'

const shortWalk = { places: 3, filledBytes: 65_536, ticks: 1, end: 'halt' } as const
const oneIdeDisk = machineYaml.replace(/network: .*\n/, 'network: null\n').replace(/ {2}user: .*\n/, '')

async function ready(walk: Walk = shortWalk): Promise<Workplace> {
  const place = await makeWorkplace()
  await makeKey(place)
  await writeFile(place.at('system.img'), walkingDisk(walk))
  await writeFile(place.at('machine.yaml'), oneIdeDisk)
  return place
}

/** Seals the system disk alone. */
const seal = (place: Workplace, ...more: readonly string[]) => {
  const args = sealArguments(place)
  const user = args.findIndex((word) => word.startsWith('user='))
  return admin([...args.slice(0, user - 1), ...args.slice(user + 1), '--json', ...more])
}

const manifestOf = async (place: Workplace) => JSON.parse(await readFile(place.at('out', 'manifest.json'), 'utf8'))

describe('casemate-admin seal --record-boot', () => {
  it('boots the package until its guest is quiet; the manifest names the order of its reads and the state it ended with, all of it whole', async () => {
    const place = await ready()
    const { code, stdout, stderr } = await seal(place, '--record-boot', '--record-quiet', '2', '--record-engine', 'v86', '--warm-state')
    expect(code, stderr).toBe(0)
    expect(JSON.parse(stdout).recordedBoot).toEqual({ engine: 'v86', end: 'quiet', chunks: 3, seconds: expect.any(Number) })
    const { prefetch, warmState } = await manifestOf(place)
    const list = JSON.parse(await readFile(place.at('store', prefetch.sha256.slice(0, 2), prefetch.sha256), 'utf8'))
    // The firmware reads the boot sector first.
    expect([list.format, list.chunks[0]]).toEqual(['casemate-prefetch-1', [0, 0]])
    const inspected = await admin(['inspect', '--manifest', place.at('out', 'manifest.json'), '--sha256', JSON.parse(stdout).sha256, '--json'])
    expect(inspected.code).toBe(0)
    const verified = () =>
      admin([
        ...['verify', '--manifest', place.at('out', 'manifest.json'), '--store', place.at('store'), '--json'],
        ...['--org-key', place.at('org.key'), '--passphrase-file', place.at('passphrase')],
      ])
    expect(await verified()).toMatchObject({ code: 0 })
    await rm(place.at('store', warmState.sha256.slice(0, 2), warmState.sha256))
    const { code: refused, stdout: problems } = await verified()
    expect([refused, problems.includes('warm-state-missing')]).toEqual([1, true])
  })

  it('goes on to the limit while its guest reads new chunks, and ends when that switches itself off, which leaves no warm state', async () => {
    const record = ['--record-boot', '--record-quiet', '3', '--record-engine', 'v86']
    const recorded = async (walk: Walk, ...more: readonly string[]) => {
      const { code, stdout, stderr } = await seal(await ready(walk), ...record, ...more)
      return code === 0 ? JSON.parse(stdout).recordedBoot : stderr
    }
    const off = { ...shortWalk, end: 'power-off' } as const
    const [reading, poweredOff, refused] = await Promise.all([
      recorded({ ...shortWalk, places: 64, ticks: 9 }, '--record-boot', '7'),
      recorded(off),
      recorded(off, '--warm-state'),
    ])
    expect(reading).toMatchObject({ end: 'limit' })
    expect(reading.chunks).toBeLessThan(64)
    expect(poweredOff).toMatchObject({ end: 'powered-off', chunks: 3 })
    expect(refused).toContain('its guest switched itself off, so there is no state')
  })

  it('ends at once, with the reason, where the package does not run on this computer', async () => {
    const place = await ready()
    await writeFile(place.at('machine.yaml'), oneIdeDisk.replace('controller: ide', 'controller: virtio'))
    const { code, stderr } = await seal(place, '--record-boot', '3000', '--record-engine', 'v86')
    expect([code, stderr]).toEqual([3, expect.stringContaining('capability-missing')])
    await expect(access(place.at('out', 'manifest.json'))).rejects.toMatchObject({ code: 'ENOENT' })
  })

  it.each([
    [['--warm-state'], '--record-boot'],
    [['--warm-state', '--record-boot', '3'], '--record-engine v86'],
    [['--warm-state', '--record-boot', '3', '--record-engine', 'v86', '--customization', 'seed'], '--customization'],
  ])('refuses %j before anything is sealed', async (options, named) => {
    const place = await ready()
    const { code, stderr, stdout } = await seal(place, ...options)
    expect([code, `${stderr}${stdout}`]).toEqual([2, expect.stringContaining(named)])
    await expect(access(place.at('store'))).rejects.toMatchObject({ code: 'ENOENT' })
  })

  it('is not asked for by default, and takes only whole seconds', async () => {
    const place = await ready()
    for (const wrong of [
      ['--record-boot', 'long'],
      ['--record-boot', '3601'],
      ['--record-quiet', '0'],
    ]) {
      expect((await seal(place, ...wrong)).code).not.toBe(0)
    }
    expect((await seal(place)).code).toBe(0)
    const { prefetch, warmState } = await manifestOf(place)
    expect([prefetch, warmState]).toEqual([null, null])
  })
})
