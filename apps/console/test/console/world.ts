// SPDX-License-Identifier: Apache-2.0
//
// A console of its own for each test: real database, real TUF repository, real HTTPS on loopback, and a clock that the test steers.
// The organisation is made once a run, since sealing its keys is slow by intent, and copied; at the least cost that is allowed.
import { randomBytes } from 'node:crypto'
import { access, cp, mkdtemp, readFile, rename, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { readEnrolmentCode } from '@casemate/policy/enrolment-code'
import { parseKeyList } from '@casemate/policy/key-list'
import { openKey } from '@casemate/policy/sealed-key'
import { newPackageKey, wrapPackageKey } from '@casemate/vm-package/keys'
import { type SealRequest, sealPackage } from '@casemate/vm-package/seal'
import { inject, onTestFinished } from 'vitest'
import type { Limits } from '../../device-api/rate-limit.ts'
import { derivePassphraseKey } from '../../src/access/derive-passphrase-key.ts'
import { approve } from '../../src/approvals/approve.ts'
import { readWaiting } from '../../src/approvals/review.ts'
import { eq } from '../../src/db/drizzle.ts'
import { newEnrolmentCode, type WantedCode } from '../../src/devices/code.ts'
import { noteChange } from '../../src/devices/note-change.ts'
import { createOrganisation } from '../../src/organisation/create.ts'
import { consoleLayout } from '../../src/organisation/layout.ts'
import { localOperator } from '../../src/organisation/local-operator.ts'
import { roleSigner } from '../../src/organisation/new-keys.ts'
import { stagePackage } from '../../src/packages/stage.ts'
import { stagePolicy } from '../../src/policies/stage.ts'
import type { Signer } from '../../src/publish/key.ts'
import type { DelegatedRole } from '../../src/publish/metadata.ts'
import { readRepository } from '../../src/publish/repository.ts'
import { assignDesktop } from '../../src/releases/assign.ts'
import { stageRelease } from '../../src/releases/stage.ts'
import { type RunningConsole, startConsole } from '../../start-console.ts'
import { leastPassphraseCost } from '../passphrase-cost.ts'
import { organisationFolder } from './organisation-folder.ts'

export const passphrase = 'correct horse battery staple'
export const organisation = 'acme'
export const operator = localOperator.of(organisation)
/** Moves only when a test says so. */
export const firstNow = 1_800_000_000

/** Of whichever test comes first; of two that come at once, one throws its own away. */
async function template(): Promise<string> {
  const folder = inject(organisationFolder)
  const made = join(folder, 'made')
  if (await isThere(made)) return made
  const own = join(await mkdtemp(join(folder, 'own-')), 'org')
  await createOrganisation({
    ...{ data: own, id: organisation, title: 'Acme Ltd', contact: 'help@acme.example', address: null },
    ...{
      leaseSeconds: 86_400,
      passphrase,
      passphraseCost: leastPassphraseCost,
      now: firstNow,
      random: (length) => new Uint8Array(randomBytes(length)),
    },
  })
  await rename(own, made).catch(async (error: unknown) => {
    if (!(await isThere(made))) throw error
  })
  return made
}

async function isThere(path: string): Promise<boolean> {
  return await access(path).then(
    () => true,
    () => false,
  )
}

/** A new organisation as the data folder `data`, whose parent is there. */
export async function copyData(data: string): Promise<void> {
  await cp(await template(), data, { recursive: true })
}

export async function freshData(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'casemate-console-'))
  onTestFinished(() => rm(folder, { recursive: true, force: true }))
  const data = join(folder, 'org')
  await copyData(data)
  return data
}

export interface World extends RunningConsole {
  readonly data: string
  now: number
  readonly approver: Signer
  /** Failures that the console reported to its own log. */
  readonly failures: unknown[]
}

export async function startWorld(options: { readonly limits?: Limits; readonly data?: string; readonly now?: number } = {}): Promise<World> {
  const data = options.data ?? (await freshData())
  const failures: unknown[] = []
  const time = { now: options.now ?? firstNow }
  const running = await startConsole({
    ...{ data, passphrase, listen: '127.0.0.1', devicePort: null, now: () => time.now, report: (error) => failures.push(error) },
    ...(options.limits === undefined ? {} : { limits: options.limits }),
  })
  onTestFinished(() => running.close())
  const text = await readFile(consoleLayout(data).key('approver'), 'utf8')
  const approver = roleSigner(await openKey(text, passphrase, { kind: 'approver-key', derive: derivePassphraseKey }))
  return Object.assign(time, { ...running, data, approver, failures })
}

/** Signs what waits for a role, which publishes it. */
export async function approveRole({ console, approver }: World, role: DelegatedRole): Promise<void> {
  const { review } = await readWaiting(operator, console, role)
  const sig = Buffer.from(await approver.sign(review.bytes)).toString('hex')
  await approve(operator, console, { role, reviewed: review.sha256, signature: { keyid: approver.keyId, sig } })
}

/** A package of one small disk, sealed and published. @returns its key, and the name of an object of it. */
export async function publishPackage(
  world: World,
  version = '1',
  eula: Uint8Array | null = null,
  validity: SealRequest['validity'] = { notBefore: null, notAfter: null },
  customization: Uint8Array | null = null,
  image: Uint8Array = randomBytes(65_536),
): Promise<{ key: Uint8Array; sha256: string; object: string }> {
  const disk = join(world.data, `system-${version}.img`)
  await writeFile(disk, image)
  const { objects, keys } = world.console
  const key = newPackageKey()
  const { manifest, sha256 } = await sealPackage({
    ...{ name: 'demo', version, createdAt: '2026-11-24T10:00:00Z', orgKey: keys.organisation, packageKey: key, store: objects },
    hardware: { firmware: 'bios', chipset: 'i440fx', cpus: 1, memoryMiB: 128, video: 'std', network: null },
    disks: [{ name: 'system', role: 'system', controller: 'ide', path: disk }],
    ...(eula === null ? {} : { eula }),
    ...(customization === null ? {} : { customization }),
    validity,
  })
  await stagePackage(operator, world.console, { manifest, sealedKey: wrapPackageKey(keys.organisation, key, sha256) })
  await approveRole(world, 'packages')
  return { key, sha256, object: JSON.parse(manifest.toString()).disks[0].root }
}

export async function publishPolicy(world: World, version: string, rules: readonly object[]): Promise<void> {
  const document = { format: 'casemate-policy-1', name: 'base', version, minRuntime: '0.1.0', rules }
  await stagePolicy(operator, world.console, JSON.stringify(document))
  await approveRole(world, 'policies')
}

export async function publishRelease(world: World, policyVersion: string, packageVersion = '1', desktop = 'office'): Promise<void> {
  await stageRelease(operator, world.console, {
    ...{ desktop, title: 'Office', package: { name: 'demo', version: packageVersion } },
    layers: [{ layer: 'organisation', selector: null, name: 'base', version: policyVersion }],
  })
  await approveRole(world, 'releases')
}

/** As a console would that goes back in its own records: the newest published release is none, and a device is told of news. */
export async function takeBack({ console }: World, serial: number, device: string): Promise<void> {
  const { releases } = console.db.tables
  await console.db.update(releases).set({ publishedAt: null }).where(eq(releases.serial, serial))
  await console.db.transaction((tx) => noteChange(tx, [device]))
  console.waiting.wake(device)
}

export const openRules = [{ setting: 'authentication', value: { mode: 'none' } }]

/** A published desktop `office`, assigned to all. @param image of its disk; nothing boots from it unless told */
export async function publishDesktop(world: World, rules: readonly object[] = openRules, eula: Uint8Array | null = null, image?: Uint8Array) {
  const sealed = await publishPackage(world, '1', eula, undefined, null, image)
  await publishPolicy(world, '1', rules)
  await publishRelease(world, '1')
  await assignDesktop(operator, world.console, 'office', { subject: 'all', value: '' })
  return sealed
}

export async function newCode(world: World, wanted: Partial<WantedCode> = {}) {
  const code = { user: 'bob', groups: ['staff'], tags: [], lifetimeSeconds: 3600, ...wanted }
  const made = await newEnrolmentCode(operator, world.console, { address: world.device, pin: world.pin }, code)
  return readEnrolmentCode(made.code, world.now)
}

/** The approved online keys, out of the published repository. */
export async function onlineKeys({ console: { repository } }: World) {
  const target = (await readRepository(repository)).targets.document.signed.targets['keys/online.json']
  const bytes = await repository.read(`targets/keys/${target?.hashes.sha256}.online.json`)
  return await parseKeyList(bytes ?? '', 'online')
}
