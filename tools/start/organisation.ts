// SPDX-License-Identifier: Apache-2.0
//
// The demo organisation, made with the administrator's own commands. Each step is there whole or not at all, so that one that was
// interrupted is done again and one that was finished is not.
import { createHash, randomBytes } from 'node:crypto'
import { access, mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { z } from 'zod'
import { consoleLayout } from '../../apps/console/src/organisation/layout.ts'
import type { DemoImages } from '../demo-guest/build.ts'
import type { Progress } from '../progress.mjs'
import { demoPolicy, policyVersion } from './demo-policy.ts'
import { StartError } from './error.ts'
import { administrator, type Places } from './places.ts'
import { AdminRefusal, runAdmin } from './run-admin.ts'

export type Tell = (line: string) => void

const anything = z.looseObject({})
const pending = z.object({ pending: z.array(z.object({ role: z.string(), added: z.array(z.object({ path: z.string() })) })) })
const desktop = 'demo'

export async function makeOrganisation(places: Places, tell: Tell): Promise<void> {
  if (!(await isThere(places.passphrase))) await writeAside(places.passphrase, `${randomBytes(24).toString('base64url')}\n`)
  if (await isThere(places.organisation)) return
  tell('making the organisation: sealed keys, repository, database')
  const names = ['--organisation', 'demo', '--title', 'Demo organisation', '--contact', 'the administrator of this demo', '--lease', '30d']
  await runAdmin(['init', '--data', places.organisation, ...names, '--passphrase-file', places.passphrase], anything)
}

/** @returns the package's version, named by the content of the guest's images. */
export async function sealDemo(places: Places, guest: DemoImages, progress: Progress): Promise<string> {
  const version = `1-${createHash('sha256').update(guest.folder).digest('hex').slice(0, 12)}`
  const folder = places.sealed(version)
  if (await isThere(folder)) return version
  progress.tell('sealing the demo desktop (its disks into encrypted chunks)')
  const { key, objects } = consoleLayout(places.organisation)
  const part = `${folder}.part`
  await rm(part, { recursive: true, force: true })
  await mkdir(part, { recursive: true, mode: 0o700 })
  const disks = ['--disk', `system=${guest.system}`, '--disk', `user=${guest.user}:user`]
  const keyed = ['--store', objects, '--org-key', key('chunk'), '--passphrase-file', places.passphrase]
  const command = ['seal', '--name', 'demo', '--version', version, '--machine', guest.machine, ...disks, ...keyed, '--out', part]
  let said = ''
  await progress.during(
    'demo desktop',
    () => runAdmin(command, anything, (line) => (said = line)),
    () => said,
  )
  await rename(part, folder)
  return version
}

/** Whether an earlier start came so far that the desktop needs no console to start. */
export async function isPrepared(places: Places, version: string | null): Promise<boolean> {
  return version !== null && (await readFile(places.published, 'utf8').catch(() => '')) === wantedOf(version) && (await isThere(places.administrator))
}

/** Whether a console has run on it before. */
export const hasRun = (places: Places): Promise<boolean> => isThere(places.log('console'))

/** @returns the password, once: it is kept nowhere. Null: there is an administrator already. The console runs. */
export async function addAdministrator(places: Places, tell: Tell): Promise<string | null> {
  if (await isThere(places.administrator)) return null
  tell('adding an administrator')
  const wanted = ['--login', administrator, '--name', 'Administrator', '--role', 'administrator']
  const made = await runAdmin(['user', 'add', ...wanted, '--data', places.organisation], z.looseObject({ password: z.string() })).catch(
    (error: unknown) => (error instanceof AdminRefusal && error.code === 'exists' ? { password: null } : Promise.reject(error)),
  )
  await writeAside(places.administrator, administrator)
  return made.password
}

const wantedOf = (version: string): string => JSON.stringify({ package: version, policy: policyVersion })

/** Approves and assigns what is not published yet. The console runs. */
export async function publishDemo(places: Places, version: string, tell: Tell): Promise<void> {
  const wanted = wantedOf(version)
  if ((await readFile(places.published, 'utf8').catch(() => '')) === wanted) return
  tell('approving and publishing the demo desktop')
  await writeAside(places.policy, demoPolicy)
  const data = ['--data', places.organisation]
  await publish(places, 'packages', `packages/demo/${version}.json`, ['package', 'stage', '--sealed', places.sealed(version)])
  await publish(places, 'policies', `policies/demo/${policyVersion}.json`, ['policy', 'stage', '--file', places.policy])
  const release = ['--desktop', desktop, '--title', 'Demo desktop', '--package', `demo/${version}`, '--layer', `organisation=demo/${policyVersion}`]
  await publish(places, 'releases', `releases/${desktop}/`, ['release', 'stage', ...release])
  await runAdmin(['desktop', 'assign', ...data, '--desktop', desktop, '--all'], anything)
  await writeAside(places.published, wanted)
}

export async function enrolmentCode(places: Places): Promise<string> {
  const made = await runAdmin(['device', 'code', '--data', places.organisation, '--user', 'demo'], z.looseObject({ code: z.string() }))
  return made.code
}

/** Staged, signed and out; what an interrupted start has staged is signed as it is, and what waits for somebody else is left alone. */
async function publish(places: Places, role: string, path: string, stage: readonly string[]): Promise<void> {
  const data = ['--data', places.organisation]
  try {
    await runAdmin([...stage, ...data], anything)
  } catch (error) {
    if (!(error instanceof AdminRefusal)) throw error
    if (error.code === 'exists') return
    if (error.code !== 'pending-exists') throw new StartError('failed', error.message, error)
    const waits = (await runAdmin(['pending', ...data], pending)).pending.find((waiting) => waiting.role === role)
    if (waits === undefined || !waits.added.every((added) => added.path.startsWith(path))) {
      throw new StartError('environment', `another change waits for approval by \`${role}\`: approve or withdraw it first`, error)
    }
  }
  const key = consoleLayout(places.organisation).key('approver')
  await runAdmin(['approve', ...data, '--role', role, '--key', key, '--passphrase-file', places.passphrase], anything)
}

const isThere = (path: string): Promise<boolean> =>
  access(path).then(
    () => true,
    () => false,
  )

async function writeAside(path: string, text: string): Promise<void> {
  await mkdir(dirname(path), { recursive: true, mode: 0o700 })
  const aside = join(dirname(path), `.${randomBytes(6).toString('hex')}.part`)
  await writeFile(aside, text, { mode: 0o600, flush: true })
  await rename(aside, path)
}
