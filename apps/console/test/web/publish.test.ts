// SPDX-License-Identifier: Apache-2.0
//
// From a disk to a published desktop over plain HTTP, and what happens when the seal is interrupted.
import { randomBytes } from 'node:crypto'
import { beforeAll, expect, it } from 'vitest'
import { z } from 'zod'
import { policyText } from '../console/every-call.ts'
import { Browser } from './browser.ts'
import { beginUpload, bootable, circling, createMachine, hardware, sendPart, uploadMachine } from './disk-upload.ts'
import { addUser, newOrganisation, passphrase, type ServedConsole, serveConsole, until } from './served-console.ts'

const mebibyte = 1_048_576
let console: ServedConsole
let browser: Browser
let password: string

beforeAll(async () => {
  console = await serveConsole(await newOrganisation())
  password = await addUser(console, 'alice', 'administrator')
  browser = new Browser(console.origin)
  await browser.signIn('alice', password)
})

const begun = z.object({ job: z.string() })
const listed = z.object({ jobs: z.array(z.looseObject({ id: z.string(), state: z.string(), failure: z.string().nullable() })) })
const pending = z.object({ pending: z.array(z.looseObject({ role: z.string(), sha256: z.string() })) })

async function jobEnd(id: string) {
  const find = async () => listed.parse(await browser.call('list-jobs')).jobs.find((job) => job.id === id)
  // One that boots a machine first finds out which engine this computer has, which a busy one does slowly.
  return await until(find, (job) => job?.state === 'done' || job?.state === 'failed', 90)
}

const seal = async (machine: string, version: string) =>
  begun.parse(await browser.call('seal-machine', { machine, package: { name: machine, version } })).job

/** Signs what waits for a role with the key that this console holds. */
async function sign(role: string, secret = passphrase): Promise<unknown> {
  const waits = pending.parse(await browser.call('list-pending')).pending.find((one) => one.role === role)
  return await browser.call('sign-with-console-key', { role, reviewed: waits?.sha256 ?? '', passphrase: secret })
}

it('seals a machine into a package, and publishes desktop, policy and package with the key that it holds', async () => {
  await uploadMachine(browser, 'demo', bootable(randomBytes(2 * mebibyte).fill(0, 0, 440)))
  expect(await jobEnd(await seal('demo', '1'))).toMatchObject({
    ...{ kind: 'seal', state: 'done', failure: null },
    progress: { done: 2 * mebibyte, total: 2 * mebibyte, secondsLeft: null, notes: [expect.stringContaining('no boot code')] },
    request: { machine: 'demo', package: { name: 'demo', version: '1' } },
  })
  expect(await browser.call('list-packages')).toMatchObject({
    packages: [{ name: 'demo', version: '1', author: 'alice', storedBytes: expect.any(Number), publishedAt: null }],
  })

  expect(await sign('packages', 'another passphrase')).toMatchObject({ refused: expect.stringMatching(/^sealed-key-/) })
  expect(await browser.call('list-packages')).toMatchObject({ packages: [{ publishedAt: null }] })
  expect(await sign('packages')).toMatchObject({ published: [{ role: 'packages' }] })
  expect(await browser.call('list-packages')).toMatchObject({ packages: [{ publishedAt: expect.any(Number) }] })

  const typed = `# for everybody\n${policyText('1')}`
  await browser.call('stage-policy', { yaml: typed })
  await sign('policies')
  expect(await browser.call('list-policies')).toMatchObject({
    policies: [{ name: 'base', versions: [{ version: '1', publishedAt: expect.any(Number) }] }],
  })
  expect(await browser.call('read-policy', { name: 'base', version: '1' })).toEqual({ yaml: typed })

  const layers = [{ layer: 'organisation', selector: null, name: 'base', version: '1' }]
  const release = { desktop: 'office', title: 'Office', package: { name: 'demo', version: '1' }, layers }
  expect(await browser.call('preview-release', release)).toMatchObject({ follows: null, serial: 1, devices: [] })
  expect(await browser.call('list-desktops')).toEqual({ desktops: [] })
  await browser.call('stage-release', release)
  expect(await sign('releases')).toMatchObject({ published: [{ role: 'releases' }] })
  await browser.call('assign-desktop', { desktop: 'office', subject: 'all', value: '' })
  expect(await browser.call('list-desktops')).toMatchObject({
    desktops: [
      {
        ...{ name: 'office', title: 'Office', release: { serial: 1, package: { name: 'demo', version: '1' } } },
        ...{ assignments: [{ subject: 'all', value: '' }], activation: { most: null, hasPassword: false, keys: [] } },
      },
    ],
  })
})

it('signs exactly what was reviewed, and nothing that came later', async () => {
  await browser.call('stage-policy', { yaml: policyText('2') })
  const [seen] = pending.parse(await browser.call('list-pending')).pending
  await browser.call('withdraw', { role: 'policies' })
  await browser.call('stage-policy', { yaml: policyText('3') })
  const stale = { role: 'policies', reviewed: seen?.sha256 ?? '', passphrase }
  expect(await browser.call('sign-with-console-key', stale)).toMatchObject({ refused: expect.any(String) })
  expect(await sign('policies')).toMatchObject({ published: [{ role: 'policies' }] })
  const instants = z.object({
    policies: z.tuple([z.object({ versions: z.array(z.object({ version: z.string(), publishedAt: z.number().nullable() })) })]),
  })
  const { versions } = instants.parse(await browser.call('list-policies')).policies[0]
  const published = versions.filter(({ publishedAt }) => publishedAt !== null).map(({ version }) => version)
  expect(published.sort()).toEqual(['1', '3'])
})

it('names each fault of a policy by its place, without keeping anything of it', async () => {
  const wrong = policyText('9').replace('"rules":[', '"rules":[{"setting":"memory","value":"much"},')
  expect(await browser.call('check-policy', { yaml: wrong })).toMatchObject({ ok: false, errors: [{ path: ['rules', 0, 'value'] }] })
  expect(await browser.call('check-policy', { yaml: policyText('9').replace('"rules"', '"colour":1,"rules"') })).toMatchObject({
    ok: false,
    errors: [{ message: expect.stringContaining('colour') }],
  })
  expect(await browser.call('check-policy', { yaml: '{' })).toMatchObject({ ok: false, errors: [{ path: [] }] })
  expect(await browser.call('check-policy', { yaml: policyText('9') })).toMatchObject({ ok: true, errors: [] })
  const tested = (maxMiB: number) => `${policyText('9').trimEnd().slice(0, -1)},"tests":[{"name":"small","expect":{"memory":{"maxMiB":${maxMiB}}}}]}`
  expect(await browser.call('check-policy', { yaml: tested(16) })).toMatchObject({ ok: false, errors: [{ path: ['tests', 0] }] })
  expect(await browser.call('read-policy', { name: 'base', version: '9' })).toMatchObject({ refused: 'not-found' })
})

it('refuses to seal what has no whole disk, and tells of a seal that cannot be staged', async () => {
  await createMachine(browser, 'bare', mebibyte)
  const wanted = { machine: 'bare', package: { name: 'bare', version: '1' } }
  expect(await browser.call('seal-machine', wanted)).toMatchObject({ refused: 'disk-unready' })
  expect(await browser.call('seal-machine', { ...wanted, machine: 'nowhere' })).toMatchObject({ refused: 'not-found' })
  // Published already.
  expect(await jobEnd(await seal('demo', '1'))).toMatchObject({ state: 'failed', failure: expect.stringContaining('published already') })
})

it('seals validity and customization files into the package, and refuses what devices could not take before anything is sealed', async () => {
  await uploadMachine(browser, 'dated', bootable(randomBytes(mebibyte)))
  const [notBefore, notAfter] = ['2027-01-31T08:00:00Z', '2027-12-31T08:00:00Z']
  const files = [
    { name: 'user-data', text: 'hostname: %host_name%' },
    { name: 'meta-data', text: 'pw: %secret(join)% %secret(admin)% %secret(join)%' },
  ]
  const wanted = { machine: 'dated', package: { name: 'dated', version: '1' }, validity: { notBefore, notAfter }, customization: files }
  const misspelt = [{ name: 'user-data', text: 'hostname: %hostname%' }, files[1]]
  expect(await browser.call('seal-machine', { ...wanted, validity: { notBefore: notAfter, notAfter: notBefore } })).toMatchObject({
    refused: 'input-invalid',
  })
  expect(await browser.call('seal-machine', { ...wanted, validity: { notBefore, notAfter: 'tomorrow' } })).toMatchObject({ refused: 'input-invalid' })
  expect(await browser.call('seal-machine', { ...wanted, customization: misspelt })).toMatchObject({
    ...{ refused: 'customization-invalid', message: expect.stringContaining('`user-data`: `%hostname%`') },
  })
  expect(await browser.call('check-customization', { files: misspelt })).toMatchObject({ faults: [{ file: 0 }], secrets: [] })
  expect(await browser.call('check-customization', { files: [files[0]] })).toMatchObject({ faults: [{ file: null }] })
  expect(await browser.call('check-customization', { files })).toEqual({ faults: [], secrets: ['admin', 'join'] })

  const { job } = begun.parse(await browser.call('seal-machine', wanted))
  const ended = await jobEnd(job)
  expect(ended).toMatchObject({ state: 'done', failure: null })
  expect(JSON.stringify(ended)).not.toContain('hostname')
  const { manifest } = z.object({ manifest: z.string() }).parse(await browser.call('read-package', { name: 'dated', version: '1' }))
  expect(JSON.parse(Buffer.from(manifest, 'base64').toString())).toMatchObject({
    ...{ validity: { notBefore, notAfter }, customization: { sha256: expect.stringMatching(/^[0-9a-f]{64}$/) } },
  })
  await sign('packages')
})

it('seals four disks, or three and customization files, and refuses both together before a job begins', async () => {
  const files = ['user-data', 'meta-data'].map((name) => ({ name, text: '' }))
  const roomy = ['system', 'one', 'two', 'three']
  for (const [name, disks] of [['four', roomy] as const, ['three', roomy.slice(0, 3)] as const]) {
    const bytes = bootable(randomBytes(65_536))
    const wanted = disks.map((disk) => ({ name: disk, role: disk === 'system' ? 'system' : 'user', sizeBytes: bytes.length }))
    await browser.call('create-machine', { name, hardware, disks: wanted })
    for (const disk of disks) {
      const { path } = await beginUpload(browser, name, bytes.length, disk)
      expect((await sendPart(browser, path, 0, bytes)).status).toBe(204)
    }
  }
  const wanted = (machine: string) => ({ machine, package: { name: machine, version: '1' } })
  const before = listed.parse(await browser.call('list-jobs')).jobs.length
  expect(await browser.call('seal-machine', { ...wanted('four'), customization: files })).toMatchObject({
    ...{ refused: 'input-invalid', message: expect.stringContaining('at most 3 disks beside customization files') },
  })
  expect(listed.parse(await browser.call('list-jobs')).jobs).toHaveLength(before)

  const { job } = begun.parse(await browser.call('seal-machine', { ...wanted('three'), customization: files }))
  expect(await jobEnd(job)).toMatchObject({ state: 'done', failure: null })
  await sign('packages')
  expect(await jobEnd(await seal('four', '1'))).toMatchObject({ state: 'done', failure: null })
  await sign('packages')
})

it('boots what it seals once, where that is asked for: the package names the order of its reads', async () => {
  await uploadMachine(browser, 'booted', circling(randomBytes(mebibyte)))
  const wanted = (name: string, recordBoot: object) => ({ machine: 'booted', package: { name, version: '1' }, recordBoot })
  expect(await browser.call('seal-machine', wanted('booted', { seconds: 2, engine: 'qemu', warmState: true }))).toMatchObject({
    refused: 'input-invalid',
  })
  const boot = { seconds: 60, quietSeconds: 2, engine: 'v86', warmState: true }
  const customization = ['user-data', 'meta-data'].map((name) => ({ name, text: '' }))
  expect(await browser.call('seal-machine', { ...wanted('booted', boot), customization })).toMatchObject({ refused: 'input-invalid' })

  const manifestOf = async (name: string) => {
    const read = z.object({ manifest: z.string() }).parse(await browser.call('read-package', { name, version: '1' }))
    return JSON.parse(Buffer.from(read.manifest, 'base64').toString())
  }
  const { job } = begun.parse(await browser.call('seal-machine', wanted('booted', boot)))
  expect(await jobEnd(job)).toMatchObject({
    state: 'done',
    progress: {
      notes: expect.arrayContaining([
        expect.stringMatching(/was recorded: \d+ s on v86, 1 chunk, ended because its guest read nothing new for 2 s; first starts/),
      ]),
    },
  })
  const named = { sha256: expect.stringMatching(/^[0-9a-f]{64}$/) }
  expect(await manifestOf('booted')).toMatchObject({ prefetch: named, warmState: named })
  const { packages } = z
    .object({ packages: z.array(z.looseObject({ name: z.string(), storedBytes: z.number() })) })
    .parse(await browser.call('list-packages'))
  const added = (name: string) => packages.find((one) => one.name === name)?.storedBytes ?? Number.NaN
  expect(added('booted')).toBeGreaterThan(added('dated') + 10_000)
  expect(packages).toEqual(
    expect.arrayContaining([
      expect.objectContaining({
        name: 'booted',
        firstBoot: 'order-and-state',
        validity: { notBefore: null, notAfter: null },
      }),
      expect.objectContaining({ name: 'dated', firstBoot: null, validity: { notBefore: '2027-01-31T08:00:00Z', notAfter: '2027-12-31T08:00:00Z' } }),
    ]),
  )
  await sign('packages')
})

it('seals without the order where the chosen engine does not run the package, and says why; where none was chosen, another one may', {
  timeout: 240_000,
}, async () => {
  const disk = circling(randomBytes(mebibyte))
  await browser.call('create-machine', {
    ...{ name: 'large', hardware: { ...hardware, memoryMiB: 2560 }, disks: [{ name: 'system', role: 'system', sizeBytes: disk.length }] },
  })
  const { path } = await beginUpload(browser, 'large', disk.length)
  expect((await sendPart(browser, path, 0, disk)).status).toBe(204)
  const sealOn = async (version: string, engine: 'auto' | 'v86') => {
    const recordBoot = { seconds: 3000, quietSeconds: 2, engine, warmState: false }
    const { job } = begun.parse(await browser.call('seal-machine', { machine: 'large', package: { name: 'large', version }, recordBoot }))
    const ended = await jobEnd(job)
    await sign('packages')
    return ended
  }
  const done = (note: RegExp) => ({ state: 'done', progress: { notes: expect.arrayContaining([expect.stringMatching(note)]) } })
  expect(await sealOn('1', 'v86')).toMatchObject(done(/was not recorded: .* on v86: spec-invalid/))
  expect(await sealOn('2', 'auto')).toMatchObject(done(/was recorded: \d+ s on qemu, 1 chunk/))
})

it('says of a seal that a kill ended what became of it, and seals again after the next start', async () => {
  await uploadMachine(browser, 'late', bootable(randomBytes(16 * mebibyte)))
  const job = await seal('late', '1')
  await console.stop('SIGKILL')
  console = await serveConsole(console.data)
  browser = new Browser(console.origin)
  await browser.signIn('alice', password)
  expect(await jobEnd(job)).toMatchObject({ state: 'failed', failure: expect.stringContaining('stopped') })
  expect(pending.parse(await browser.call('list-pending')).pending).toEqual([])
  expect(await jobEnd(await seal('late', '1'))).toMatchObject({ state: 'done', failure: null })
  expect(await sign('packages')).toMatchObject({ published: [{ role: 'packages' }] })
})

it('forgets a machine with its disks, and keeps what was sealed from it', async () => {
  expect(await browser.call('delete-machine', { name: 'demo' })).toEqual({ deleted: 'demo' })
  expect(await browser.call('delete-machine', { name: 'demo' })).toMatchObject({ refused: 'not-found' })
  expect(JSON.stringify(await browser.call('list-packages'))).toContain('"name":"demo"')
  expect(JSON.stringify(await browser.call('list-machines'))).not.toContain('"name":"demo"')
})
