// SPDX-License-Identifier: Apache-2.0
//
// The demo desktop as a sealed package, made once with the administrator's own commands and reused as long as the guest's images are
// the same. A half-made one is thrown away and made again.
import { execFile } from 'node:child_process'
import { createHash, hkdfSync, randomBytes } from 'node:crypto'
import { access, mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { openOrganisationKey } from '../../apps/console/cli/organisation-key.ts'
import { unwrapPackageKey } from '../../packages/vm-package/src/keys.ts'
import { manifestSha256 } from '../../packages/vm-package/src/manifest.ts'
import { buildDemoGuest } from '../demo-guest/build.ts'

const run = promisify(execFile)
const ADMIN = join(import.meta.dirname, '../../apps/console/cli/main.ts')
const VERSION = '1'

export interface DemoPackage {
  readonly version: string
  readonly sha256: string
  readonly manifest: Uint8Array
  readonly store: string
  readonly packageKey: Uint8Array
  /** Of the one instance that the demo runs. */
  readonly instanceKey: Uint8Array
}

async function admin(...args: readonly string[]): Promise<void> {
  await run(process.execPath, ['--disable-warning=ExperimentalWarning', ADMIN, ...args]).catch((error: unknown) => {
    throw new Error(`casemate-admin ${args[0]} failed: ${error instanceof Error ? error.message : String(error)}`, { cause: error })
  })
}

const isThere = (path: string): Promise<boolean> =>
  access(path).then(
    () => true,
    () => false,
  )

/**
 * @param data where keys, objects and manifest are kept
 * @param cache of the demo guest's parts
 */
export async function sealDemo(data: string, cache: string, tell: (line: string) => void): Promise<DemoPackage> {
  const guest = await buildDemoGuest({ cache, progress: tell })
  const keys = join(data, 'keys')
  const passphrase = join(keys, 'passphrase')
  const orgKey = join(keys, 'chunk.key')
  const store = join(data, 'objects')
  await mkdir(keys, { recursive: true, mode: 0o700 })
  if (!(await isThere(orgKey))) {
    tell('making the demo organisation and its key')
    await writeFile(passphrase, randomBytes(24).toString('base64url'), { mode: 0o600 })
    await admin('keygen', '--out', orgKey, '--passphrase-file', passphrase)
  }
  // Images of the guest are named by their content, so the folder's name stands for it.
  const sealed = join(data, 'sealed', createHash('sha256').update(guest.folder).digest('hex').slice(0, 16))
  if (!(await isThere(sealed))) {
    tell('sealing the demo desktop')
    const part = `${sealed}.part`
    await rm(part, { recursive: true, force: true })
    await mkdir(part, { recursive: true })
    const disks = ['--disk', `system=${guest.system}`, '--disk', `user=${guest.user}`]
    const keyed = ['--org-key', orgKey, '--passphrase-file', passphrase]
    await admin('seal', '--name', 'demo', '--version', VERSION, '--machine', guest.machine, ...disks, '--store', store, ...keyed, '--out', part)
    await rename(part, sealed)
  }
  const manifest = await readFile(join(sealed, 'manifest.json'))
  const sha256 = manifestSha256(manifest)
  const organisation = await openOrganisationKey(orgKey, passphrase)
  const packageKey = unwrapPackageKey(organisation, await readFile(join(sealed, 'package-key.json')), sha256)
  const instanceKey = new Uint8Array(hkdfSync('sha256', organisation, new Uint8Array(0), 'casemate-demo-instance-v1', 32))
  return { version: VERSION, sha256, manifest, store, packageKey, instanceKey }
}
