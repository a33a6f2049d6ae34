// SPDX-License-Identifier: Apache-2.0
import { execFile } from 'node:child_process'
import { readdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { describe, expect, it } from 'vitest'
import { stageTargets } from '../../../console/src/publish/stage-targets.ts'
import { openRules, publishDesktop } from '../../../console/test/console/world.ts'
import { organisation } from '../../../console/test/publish/organisation.ts'
import { initialise } from '../../daemon/update/initialise.ts'
import { Computer, realWorld } from '../computer.ts'
import { coded, Device } from './device.ts'
import { day, digest, freshFolder, HostileRepository, serve } from './hostile-repository.ts'
import { installed, platform, Vendor } from './vendor.ts'

async function withRelease() {
  const vendor = await Vendor.fresh()
  const text = vendor.release('0.2.0')
  return { vendor, text, ...(await installed(await vendor.file())) }
}

describe('a runtime update', () => {
  it('is the newest version for this platform above the one that runs, verified, and never installed', async () => {
    const vendor = await Vendor.fresh()
    const { update, place } = await installed(await vendor.file())
    expect(await update.check()).toBe(null)
    vendor.release('0.0.9')
    vendor.release('0.3.0', {}, 'darwin-arm64')
    expect(await update.check()).toBe(null)
    await expect(update.download()).rejects.toThrow(coded('runtime-current'))
    vendor.release('0.9.0')
    const text = vendor.release('0.10.0')
    expect(await update.check()).toBe('0.10.0')
    const { version, file, length } = await update.download()
    expect([version, await readFile(file, 'utf8'), length]).toEqual(['0.10.0', text, text.length])
    const next = vendor.release('0.11.0')
    expect(await readFile((await update.download()).file, 'utf8')).toBe(next)
    expect(await readdir(join(place.copy, 'targets'))).toHaveLength(2)
    expect(file.startsWith(place.copy)).toBe(true)
  })

  it('that the vendor takes back is offered no more', async () => {
    const { vendor, update } = await withRelease()
    expect(await update.check()).toBe('0.2.0')
    vendor.withdraw('0.2.0')
    await expect(update.download()).rejects.toThrow(coded('runtime-current'))
  })

  it.each([
    ['of another version', { version: '0.3.0' }, 'release-invalid'],
    ['of another platform', { platform: 'win32-x64' }, 'release-invalid'],
    ['with a field that nobody knows', { install: 'rm -rf' }, 'release-invalid'],
    ['with a file outside its folder', { file: { name: '../0.1.0/x', sha256: 'ab'.repeat(32), length: 1 } }, 'release-invalid'],
    ['of other bytes than its file has', { file: { name: 'casemate-0.2.0.tar.zst', sha256: 'ab'.repeat(32), length: 17 } }, 'target-altered'],
    ['of a file that is not approved', { file: { name: 'other', sha256: 'ab'.repeat(32), length: 17 } }, 'target-unknown'],
  ])('whose document speaks %s is refused, and the true one is taken', async (_what, change, code) => {
    const vendor = await Vendor.fresh()
    vendor.release('0.2.0', change)
    const { update } = await installed(await vendor.file())
    await expect(update.download()).rejects.toThrow(coded(code))
    vendor.release('0.2.0')
    expect((await update.download()).version).toBe('0.2.0')
  })

  it('is refused where its file is not the approved one', async () => {
    const { vendor, update, text } = await withRelease()
    const address = [...vendor.repository.files.keys()].find((path) => path.endsWith('.tar.zst')) ?? ''
    vendor.repository.files.set(address, Buffer.from(text.toUpperCase()))
    await expect(update.download()).rejects.toThrow(coded('target-altered'))
    vendor.repository.files.set(address, Buffer.from(text))
    expect((await update.download()).version).toBe('0.2.0')
  })
})

describe('attacks', () => {
  it('by rolling back to the repository of yesterday are refused', async () => {
    const { vendor, update } = await withRelease()
    const yesterday = new Map(vendor.repository.files)
    vendor.release('0.3.0')
    await update.check()
    const today = new Map(vendor.repository.files)
    for (const [path, bytes] of yesterday) vendor.repository.files.set(path, bytes)
    await expect(update.check()).rejects.toThrow(coded('rollback'))
    for (const [path, bytes] of today) vendor.repository.files.set(path, bytes)
    expect(await update.check()).toBe('0.3.0')
  })

  it('by freezing the repository end when it expires, by verified time', async () => {
    const { vendor, update, clock } = await withRelease()
    vendor.repository.timestamp.expires = Math.floor(Date.now() / 1000) + 200
    vendor.publish()
    expect(await update.check()).toBe('0.2.0')
    clock.ahead = 250
    await expect(update.check()).rejects.toThrow(coded('metadata-expired'))
    await expect(update.download()).rejects.toThrow(coded('metadata-expired'))
    vendor.repository.timestamp.expires += day
    vendor.publish()
    expect(await update.check()).toBe('0.2.0')
  })
})

describe('an organisation', () => {
  it('supplies no code from the address of the vendor: its repository is not signed by the pinned root', async () => {
    const [vendor, theirs] = [await Vendor.fresh(), await Vendor.fresh()]
    theirs.release('9.0.0')
    vendor.release('0.2.0')
    const { update } = await installed(await vendor.file(vendor.repository.rootBytes, theirs.server.origin))
    await expect(update.check()).rejects.toThrow(coded('threshold-not-met'))
    const { update: honest } = await installed(await vendor.file())
    expect(await honest.check()).toBe('0.2.0')
  })

  it('is no vendor: a pinned root with one of its keys is refused', async () => {
    const { vendor, update, organisation: theirs } = await withRelease()
    const other = new HostileRepository()
    await initialise(theirs, { bytes: other.rootBytes, sha256: digest(other.rootBytes) })
    expect(await update.check()).toBe('0.2.0')
    const { update: second, organisation: same } = await installed(await vendor.file())
    await initialise(same, { bytes: vendor.repository.rootBytes, sha256: digest(vendor.repository.rootBytes) })
    await expect(second.check()).rejects.toThrow(coded('organisation-root'))
    await expect(second.download()).rejects.toThrow(coded('organisation-root'))
  })

  it('cannot change the pin: another root is refused, a later one of the same vendor is taken', async () => {
    const { vendor, update, data } = await withRelease()
    await update.check()
    const theirs = await Vendor.fresh()
    theirs.release('9.0.0')
    const { update: misled } = await installed(await vendor.file(theirs.repository.rootBytes), data)
    await expect(misled.check()).rejects.toThrow(coded('root-mismatch'))
    vendor.repository.advanceRoot()
    const { update: later } = await installed(await vendor.file(), data)
    expect(await later.check()).toBe('0.2.0')
  })

  it('that approves a runtime in its own repository is not asked, and its console puts none forward', async () => {
    const { update, organisation: theirs } = await withRelease()
    const hostile = await Vendor.fresh()
    hostile.release('9.0.0')
    const device = new Device(await freshFolder(), await serve(hostile.repository))
    Object.assign(device, { place: theirs })
    await device.trust(hostile.repository.rootBytes)
    await device.refresh()
    await device.download(`runtime/9.0.0/${platform}.json`)
    expect(await update.check()).toBe('0.2.0')

    const { store } = await organisation()
    const stage = (path: string) => stageTargets(store, { role: 'targets', author: 'ada', now: 1, add: [{ path, bytes: Buffer.from('{}') }] })
    await expect(stage('runtime/9.0.0/linux-x64.json')).rejects.toThrow(expect.objectContaining({ code: 'path-invalid' }))
    await stage('keys/online.json')
  })
})

describe('the file of packaging', () => {
  it.each([
    ['of another form', (text: string) => text.replace('casemate-vendor-1', 'casemate-vendor-2')],
    ['with a field that nobody knows', (text: string) => text.replace('{', '{"more":1,')],
    ['with an address in the clear', (text: string) => text.replaceAll('http://127.0.0.1', 'http://vendor.example')],
    ['with something else for a root', (text: string) => text.replace(/"root":"[^"]+"/, '"root":"!"')],
  ])('%s is refused', async (_what, change) => {
    const vendor = await Vendor.fresh()
    vendor.release('0.2.0')
    const path = await vendor.file()
    const text = await readFile(path, 'utf8')
    const { update } = await installed(path)
    await writeFile(path, change(text))
    await expect(update.check()).rejects.toThrow(coded('vendor-invalid'))
    await writeFile(path, text)
    expect(await update.check()).toBe('0.2.0')
  })
})

it('the daemon says what runs, what there is and what the organisation asks for, and downloads where a vendor was packaged', async () => {
  const world = await realWorld()
  await publishDesktop(world, openRules)
  const computer = await Computer.fresh()
  await expect(computer.call('checkUpdate', {})).rejects.toMatchObject({ code: 'vendor-missing', blame: 'refused' })
  const vendor = await Vendor.fresh()
  const text = vendor.release('0.2.0', {}, `${process.platform}-${process.arch}`)
  computer.vendorFile = await vendor.file()
  await computer.stop()
  await computer.start()
  expect(await computer.call('checkUpdate', {})).toEqual({ running: '0.1.0', newest: '0.2.0', required: null })
  await computer.enrol(world)
  expect(await computer.call('checkUpdate', {})).toEqual({ running: '0.1.0', newest: '0.2.0', required: '0.1.0' })
  const casemate = [fileURLToPath(new URL('../../cli/main.ts', import.meta.url)), 'update', 'download', '--data', computer.data, '--json']
  const { stdout } = await promisify(execFile)(process.execPath, casemate)
  expect(await readFile(JSON.parse(stdout).file, 'utf8')).toBe(text)
})
