// SPDX-License-Identifier: Apache-2.0
import { access, readFile, rm, writeFile } from 'node:fs/promises'
import { describe, expect, it } from 'vitest'
import { admin, machineYaml, makeKey, makeWorkplace, sealArguments, type Workplace } from './admin.ts'

const oneIdeDisk = machineYaml.replace(/network: .*\n/, 'network: null\n').replace(/ {2}user: .*\n/, '')

async function ready(): Promise<Workplace> {
  const place = await makeWorkplace()
  await makeKey(place)
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
  it('boots the package and names the order of its reads and the state it ended with in the manifest, whose key and objects are whole', {
    timeout: 120_000,
  }, async () => {
    const place = await ready()
    const { code, stdout, stderr } = await seal(place, '--record-boot', '3', '--record-engine', 'v86', '--warm-state')
    expect(code, stderr).toBe(0)
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

  it('ends at once, with the reason, where the package does not run on this computer', { timeout: 60_000 }, async () => {
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
    expect((await seal(place, '--record-boot', 'long')).code).not.toBe(0)
    expect((await seal(place)).code).toBe(0)
    const { prefetch, warmState } = await manifestOf(place)
    expect([prefetch, warmState]).toEqual([null, null])
  })
})
