// SPDX-License-Identifier: Apache-2.0
//
// The administrator at the console's web door, over the HTTP that its pages speak: signs in, uploads a disk, publishes a release.
import { cp, open, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { z } from 'zod'
import { readMachineFile } from '../../../apps/console/cli/machine-file.ts'
import { Browser } from '../../../apps/console/test/web/browser.ts'
import { beginUpload, offsetOf, sendPart } from '../../../apps/console/test/web/disk-upload.ts'
import { DESKTOP } from '../organisation.ts'
import { type Rule, rules } from '../rules.ts'
import { SERVERS } from '../story-network.ts'
import { expectEqual, need, type World, waitUntil } from '../world.ts'
import { buildDisk, disksOf } from './sealed.ts'

const LOGIN = 'grace'
const MACHINE = 'demo-machine'
const PART = 16_777_216

/** What the device held while the first release was in force. */
export const oldStateOf = ({ folder }: World) => ({ lease: join(folder, 'old-lease'), update: join(folder, 'old-update') })

/** The right password opens the console's pages, a wrong one does not; a session that is ended elsewhere is over at once. */
export async function signedIn(world: World): Promise<void> {
  const { organisation } = world
  const added = z.looseObject({ password: z.string() })
  const { password } = added.parse(await organisation.run('user', 'add', '--login', LOGIN, '--name', 'Grace', '--role', 'administrator'))
  const browser = new Browser(organisation.web)
  expectEqual((await browser.get('/')).headers.location, '/sign-in', 'where a visitor is led')
  expectEqual((await browser.signIn(LOGIN, `${password}x`)).status, 401, 'a wrong password')
  expectEqual((await browser.get('/')).status, 307, 'the first page after it')

  await browser.signIn(LOGIN, password)
  const page = await browser.get('/')
  expectEqual(page.status, 200, 'the first page')
  expectEqual(page.text.includes('Acme'), true, 'that it names the organisation')
  await organisation.run('user', 'sign-out', '--login', LOGIN)
  expectEqual(refusedWith(await browser.call('list-devices')), 'sign-in-needed', 'a session that was ended')
  await browser.signIn(LOGIN, password)
  expectEqual(refusedWith(await browser.call('list-devices')), null, 'a new session')
  world.browser = browser
}

/** The disks of the next version: cut off in the middle and taken up again, whole only with the last byte; garbage is no disk. */
export async function diskUploaded(world: World): Promise<void> {
  const browser = need(world.browser, 'browser')
  world.sealed.set('2', { nonce: await buildDisk(world, '2'), sha256: '' })
  const folder = disksOf(world, '2')
  const { hardware } = await readMachineFile(join(folder, 'machine.yaml'))
  const sizeOf = async (name: string) => (await stat(join(folder, `${name}.raw`))).size
  const disks = [
    { name: 'system', role: 'system', sizeBytes: await sizeOf('system') },
    { name: 'user', role: 'user', sizeBytes: await sizeOf('user') },
  ]
  const made = await browser.call('create-machine', { name: MACHINE, hardware, disks })
  expectEqual(refusedWith(made), null, 'a new machine')
  const early = await browser.call('seal-machine', { machine: MACHINE, package: { name: 'demo', version: '2' } })
  expectEqual(refusedWith(early), 'disk-unready', 'sealing before the disks are there')

  const garbage = await browser.call('create-machine', { name: 'garbage', hardware, disks: [{ name: 'system', role: 'system', sizeBytes: 4096 }] })
  expectEqual(refusedWith(garbage), null, 'a machine for garbage')
  const { path } = await beginUpload(browser, 'garbage', 4096)
  const refused = await sendPart(browser, path, 0, Buffer.alloc(4096, 'no disk '))
  expectEqual(refused.text.includes('disk-unbootable'), true, 'that garbage is refused as a disk')

  for (const { name, sizeBytes } of disks) await upload(browser, join(folder, `${name}.raw`), name, sizeBytes)
  expectEqual(await stateOf(browser, MACHINE), 'ready,ready', 'the disks after the upload')
  expectEqual(await stateOf(browser, 'garbage'), 'uploading', 'the disk of which garbage was sent')
}

/** Seals, writes rules, approves by passphrase and publishes the next release; before it is staged, its impact names the device. */
export async function publishedFromConsole(world: World): Promise<void> {
  const { device, organisation } = world
  const browser = need(world.browser, 'browser')
  await cp(device.layout.lease, oldStateOf(world).lease)
  await cp(join(device.layout.update.metadata, '..'), oldStateOf(world).update, { recursive: true })

  const { job } = z
    .object({ job: z.string() })
    .parse(await browser.call('seal-machine', { machine: MACHINE, package: { name: 'demo', version: '2' } }))
  await waitUntil('the machine is sealed', async () => (await endOf(browser, job)) === 'done', 120_000)
  await approve(world, 'packages')
  const version = organisation.nextPolicyVersion()
  const yaml = (given: readonly Rule[]) => JSON.stringify({ format: 'casemate-policy-1', name: 'base', version, minRuntime: '0.1.0', rules: given })
  const given = rules({ server: SERVERS.first })
  const unknown = await browser.call('stage-policy', { yaml: yaml([...given, { setting: 'teleport', value: true }]) })
  expectEqual(refusedWith(unknown), 'policy-invalid', 'a policy with an unknown setting')
  expectEqual(refusedWith(await browser.call('stage-policy', { yaml: yaml(given) })), null, 'the policy without it')
  await approve(world, 'policies')

  const layers = [{ layer: 'organisation', selector: null, name: 'base', version }]
  const release = { desktop: DESKTOP, title: 'Demo desktop', package: { name: 'demo', version: '2' }, layers }
  const preview = z.looseObject({
    impact: z.array(z.looseObject({ device: z.string(), package: z.string(), changes: z.array(z.looseObject({ setting: z.string() })) })),
  })
  const { impact } = preview.parse(await browser.call('preview-release', release))
  const own = impact.find((one) => one.device === world.deviceName)
  expectEqual(own?.package, 'updated', 'what the impact says of the package')
  expectEqual(own?.changes.map(({ setting }) => setting).join(), 'network', 'what the impact says of the rules')
  const { serial } = z.looseObject({ serial: z.number() }).parse(await browser.call('stage-release', release))
  await approve(world, 'releases')
  world.consoleSerial = serial
  const sealed = need(world.sealed.get('2'), 'built disk')
  world.sealed.set('2', { ...sealed, sha256: await digestOf(browser, '2') })
}

async function upload(browser: Browser, file: string, disk: string, sizeBytes: number): Promise<void> {
  const { path } = await beginUpload(browser, MACHINE, sizeBytes, disk)
  const handle = await open(file)
  try {
    for (let offset = 0; offset < sizeBytes; offset = await offsetOf(browser, path)) {
      const { buffer, bytesRead } = await handle.read(Buffer.alloc(PART), 0, PART, offset)
      const answer = await sendPart(browser, path, offset, buffer.subarray(0, bytesRead))
      expectEqual(answer.status, 204, `the answer to the part from ${offset}`)
      if (offset + bytesRead === sizeBytes) return
      expectEqual((await stateOf(browser, MACHINE)).split(',')[disk === 'system' ? 0 : 1], 'uploading', 'the disk before its last byte')
    }
  } finally {
    await handle.close()
  }
}

async function approve({ organisation, browser }: World, role: string): Promise<void> {
  const door = need(browser, 'browser')
  const waiting = z.object({ pending: z.array(z.looseObject({ role: z.string(), sha256: z.string() })) })
  const found = waiting.parse(await door.call('list-pending')).pending.find((one) => one.role === role)
  const reviewed = need(found, `version of ${role} that waits`).sha256
  const wrong = await door.call('sign-with-console-key', { role, reviewed, passphrase: 'not the passphrase' })
  expectEqual(refusedWith(wrong), 'sealed-key-passphrase', 'approving with a wrong passphrase')
  const passphrase = await organisation.readPassphrase()
  expectEqual(refusedWith(await door.call('sign-with-console-key', { role, reviewed, passphrase })), null, 'approving')
}

async function stateOf(browser: Browser, machine: string): Promise<string> {
  const list = z.object({ machines: z.array(z.looseObject({ name: z.string(), disks: z.array(z.looseObject({ state: z.string() })) })) })
  const found = list.parse(await browser.call('list-machines')).machines.find(({ name }) => name === machine)
  return found?.disks.map(({ state }) => state).join() ?? 'none'
}

async function endOf(browser: Browser, id: string): Promise<string> {
  const list = z.object({ jobs: z.array(z.looseObject({ id: z.string(), state: z.string(), failure: z.string().nullable() })) })
  const found = list.parse(await browser.call('list-jobs')).jobs.find((job) => job.id === id)
  if (found?.state === 'failed') throw new Error(`sealing failed: ${found.failure}`)
  return found?.state ?? 'none'
}

async function digestOf(browser: Browser, version: string): Promise<string> {
  const list = z.object({ packages: z.array(z.looseObject({ version: z.string(), sha256: z.string() })) })
  return need(
    list.parse(await browser.call('list-packages')).packages.find((one) => one.version === version),
    'published package',
  ).sha256
}

const refused = z.looseObject({ refused: z.string() })

/** Code of a refusal; null: it was done. */
function refusedWith(answer: unknown): string | null {
  const parsed = refused.safeParse(answer)
  return parsed.success ? parsed.data.refused : null
}
