// SPDX-License-Identifier: Apache-2.0
import { mkdir, readdir, readFile, rm, stat, truncate, writeFile } from 'node:fs/promises'
import { describe, expect, it } from 'vitest'
import { smallDisk } from '../small-disk.ts'
import { admin, machineYaml, makeKey, makeWorkplace, sealArguments, type Workplace } from './admin.ts'

async function ready(): Promise<Workplace> {
  const place = await makeWorkplace()
  await makeKey(place)
  return place
}

const seal = (place: Workplace, ...more: readonly string[]) => admin([...sealArguments(place), '--json', ...more])

describe('casemate-admin seal', () => {
  it('writes manifest and key, tells its progress on standard error, and inspect shows the same package', async () => {
    const place = await ready()
    const { code, stdout, stderr } = await seal(place, '--not-before', '2027-01-01T00:00:00Z', '--not-after', '2027-12-31T23:59:59Z')
    expect(code).toBe(0)
    const sealed = JSON.parse(stdout)
    expect(sealed).toMatchObject({ manifest: place.at('out', 'manifest.json'), packageKey: place.at('out', 'package-key.json') })
    expect(sealed.stats.bytesRead).toBe(sealed.stats.bytesTotal)
    expect(stderr).toMatch(/sealed 2\.1 MiB of 2\.1 MiB, .*\/s\n$/)
    expect((await stat(place.at('out', 'package-key.json'))).mode & 0o777).toBe(0o600)

    const inspected = await admin(['inspect', '--manifest', place.at('out', 'manifest.json'), '--sha256', sealed.sha256, '--json'])
    expect(inspected.code).toBe(0)
    const { sha256, manifest } = JSON.parse(inspected.stdout)
    expect(sha256).toBe(sealed.sha256)
    expect(manifest).toMatchObject({ name: 'accounting', version: '1.0.0', hardware: { memoryMiB: 256, network: { model: 'e1000' } } })
    expect(manifest.validity).toEqual({ notBefore: '2027-01-01T00:00:00Z', notAfter: '2027-12-31T23:59:59Z' })
    expect(manifest.disks).toMatchObject([
      { name: 'system', role: 'system', controller: 'ide' },
      { name: 'user', role: 'user', controller: 'virtio' },
    ])
  })

  it('takes the files of a folder for each instance, and refuses a misspelt placeholder, a folder in it and bytes that are no text', async () => {
    const place = await ready()
    const seed = place.at('seed')
    await mkdir(seed)
    await writeFile(place.at('seed', 'unattend.xml'), '<ComputerName>%hostname%</ComputerName>')
    await expectRefused(place, ['--customization', seed], 1, 'customization-invalid')
    await writeFile(place.at('seed', 'unattend.xml'), Buffer.from([0x80]))
    await expectRefused(place, ['--customization', seed], 1, 'customization-invalid')
    await writeFile(place.at('seed', 'unattend.xml'), '<ComputerName>%host_name%</ComputerName>')
    await mkdir(place.at('seed', 'more'))
    await expectRefused(place, ['--customization', seed], 1, 'customization-invalid')
    await rm(place.at('seed', 'more'), { recursive: true })
    await expectRefused(place, ['--customization', place.at('nowhere')], 3, 'file-unreadable')

    const { code, stdout } = await seal(place, '--customization', seed)
    expect(code).toBe(0)
    const manifest = JSON.parse(await readFile(place.at('out', 'manifest.json'), 'utf8'))
    const { sha256 } = manifest.customization
    const object = await readFile(place.at('store', sha256.slice(0, 2), sha256))
    expect(object.includes('ComputerName')).toBe(false)
    expect(JSON.parse(stdout).sha256).toMatch(/^[0-9a-f]{64}$/)
  })

  it('stores only what is new the second time, and says what was known', async () => {
    const place = await ready()
    const { chunks, reusedChunks } = JSON.parse((await seal(place)).stdout).stats
    expect(reusedChunks).toBe(0)
    const again = await admin(sealArguments(place).map((word) => (word === place.at('out') ? place.at('out-2') : word)))
    // The two root pages: they are under a key of their own.
    expect(again.stdout).toMatch(/^stored .* in 2 new objects$/m)
    expect(again.stdout).toContain(`known     ${chunks} of these chunks from earlier seals\n`)
  })

  it('writes nothing over an earlier package', async () => {
    const place = await ready()
    await seal(place)
    const before = await readFile(place.at('out', 'manifest.json'), 'utf8')
    const { code, stdout } = await seal(place)
    expect([code, JSON.parse(stdout).error.code]).toEqual([1, 'exists'])
    expect(await readFile(place.at('out', 'manifest.json'), 'utf8')).toBe(before)
  })

  async function expectRefused(place: Workplace, more: readonly string[], exit: number, refusal: string): Promise<void> {
    const { code, stdout, stderr } = await seal(place, ...more)
    expect([code, JSON.parse(stdout).error.code]).toEqual([exit, refusal])
    // No disk was read: its progress would come first.
    expect(stderr).toMatch(/^casemate-admin: .+\n/)
    const left = await readdir(place.folder, { recursive: true })
    expect(left.filter((path) => /^(out|store)\/./.test(path))).toEqual([])
  }

  const badFiles: readonly [string, number, string, (place: Workplace) => Promise<void>][] = [
    ['a wrong passphrase', 1, 'sealed-key-passphrase', ({ at }) => writeFile(at('passphrase'), 'incorrect horse')],
    ['a key file that is none', 1, 'sealed-key-invalid', ({ at }) => writeFile(at('org.key'), '{}')],
    ['a disk image that is not there', 3, 'source-unreadable', ({ at }) => rm(at('user.img'))],
    ['an empty disk image', 1, 'disk-empty', ({ at }) => truncate(at('user.img'), 0)],
    ['a disk image cut off within a sector', 1, 'disk-invalid', ({ at }) => truncate(at('system.img'), 10_001)],
    ['a machine file that is not there', 3, 'file-unreadable', ({ at }) => rm(at('machine.yaml'))],
  ]
  it.each(badFiles)('refuses %s with exit code %i, %s, and stores nothing', async (_, exit, refusal, spoil) => {
    const place = await ready()
    await spoil(place)
    await expectRefused(place, [], exit, refusal)
  })

  it('refuses a store and an output folder that cannot be written before it reads a disk, and seals once they can be', async () => {
    const place = await ready()
    const disk = await smallDisk(place.at('small'), 32)
    const [store, out] = [place.at('small', 'store'), place.at('small', 'out')]
    await mkdir(store)
    disk.setWritable(false)
    const outcome = async (...more: readonly string[]) => {
      const { code, stdout, stderr } = await seal(place, ...more)
      expect(stderr).not.toContain('sealed')
      return [code, JSON.parse(stdout).error.code]
    }
    expect(await outcome('--store', store)).toEqual([3, 'store-unwritable'])
    expect(await outcome('--out', out)).toEqual([3, 'file-unwritable'])
    expect(await outcome('--out', place.at('system.img'))).toEqual([3, 'file-unwritable'])
    expect(await readdir(place.folder)).not.toContain('store')
    disk.setWritable(true)
    expect((await seal(place, '--store', store, '--out', out)).code).toBe(0)
  })

  const badMachines: readonly [string, string, string][] = [
    ['an unknown field', 'machine-invalid', `${machineYaml}sound: hda\n`],
    ['a field twice', 'machine-invalid', `${machineYaml}cpus: 2\n`],
    ['an alias', 'machine-invalid', machineYaml.replace('cpus: 1', 'cpus: &one 1').replace('256', '*one')],
    ['a controller that does not exist', 'machine-invalid', machineYaml.replace('virtio', 'nvme')],
    ['disks on ide, which a q35 does not have', 'machine-invalid', machineYaml.replace('i440fx', 'q35')],
    ['processors that its sockets do not make', 'machine-invalid', `${machineYaml}cpuTopology: {sockets: 2, cores: 1, threads: 1}\n`],
    ['another disk than the command line', 'disk-unknown', machineYaml.replace('user:', 'other:')],
    ['a disk more than the command line', 'disk-unknown', `${machineYaml}  more: {controller: ide}\n`],
  ]
  it.each(badMachines)('refuses a machine file with %s, %s, and stores nothing', async (_, refusal, text) => {
    const place = await ready()
    await writeFile(place.at('machine.yaml'), text)
    await expectRefused(place, [], 1, refusal)
  })

  const badOptions: readonly [string, number, string, readonly string[]][] = [
    ['a version that is a path', 1, 'manifest-invalid', ['--version', '../1']],
    ['a validity that ends before it begins', 1, 'manifest-invalid', ['--not-before', '2027-01-02T00:00:00Z', '--not-after', '2027-01-01T00:00:00Z']],
    ['a date that does not exist', 2, 'usage', ['--not-after', '2027-02-30T00:00:00Z']],
    ['a disk option that is none', 2, 'usage', ['--disk', 'system']],
    ['an option that does not exist', 2, 'usage', ['--passphrase', 'secret']],
  ]
  it.each(badOptions)('refuses %s with exit code %i, %s, and stores nothing', async (_, exit, refusal, more) => {
    await expectRefused(await ready(), more, exit, refusal)
  })

  it('stops cleanly when it is interrupted, and the next one succeeds', async () => {
    const place = await ready()
    await truncate(place.at('system.img'), 4 * 1024 ** 3)
    const stopped = await admin([...sealArguments(place), '--json'], 'sealed')
    expect([stopped.code, JSON.parse(stopped.stdout).error.code]).toEqual([3, 'seal-cancelled'])
    const left = await readdir(place.folder, { recursive: true })
    expect(left.filter((path) => path.startsWith('out') || path.includes('.partial/'))).toEqual([])
    await truncate(place.at('system.img'), 2 * 1024 ** 2)
    expect((await seal(place)).code).toBe(0)
  })
})

describe('casemate-admin inspect', () => {
  it('refuses another manifest than the one asked for, and one that is altered', async () => {
    const place = await ready()
    const { sha256 } = JSON.parse((await seal(place)).stdout)
    const path = place.at('out', 'manifest.json')
    const inspect = (...more: readonly string[]) => admin(['inspect', '--manifest', path, '--json', ...more])
    expect((await inspect('--sha256', sha256)).code).toBe(0)
    const other = await inspect('--sha256', 'ab'.repeat(32))
    expect([other.code, JSON.parse(other.stdout).error.code]).toEqual([1, 'manifest-altered'])
    await writeFile(path, (await readFile(path, 'utf8')).replace('"cpus": 1', '"cpus": 0'))
    const altered = await inspect()
    expect([altered.code, JSON.parse(altered.stdout).error.code]).toEqual([1, 'manifest-invalid'])
  })

  it('shows people what they need', async () => {
    const place = await ready()
    await seal(place)
    const { code, stdout } = await admin(['inspect', '--manifest', place.at('out', 'manifest.json')])
    expect(code).toBe(0)
    expect(stdout).toMatch(/^`accounting` 1\.0\.0, sealed \d{4}-/)
    expect(stdout).toContain('disk      user: user, 64.0 KiB, virtio, root ')
  })
})
