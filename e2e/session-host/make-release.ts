// SPDX-License-Identifier: Apache-2.0
import { copyFile, mkdir, readFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { layoutOf } from '../../apps/client-runtime/layout.ts'
import { openOrganisationKey } from '../../apps/console/cli/organisation-key.ts'
import { unwrapPackageKey } from '../../packages/vm-package/src/keys.ts'
import { runOk } from '../story/run-command.ts'
import { placesOf } from './places.ts'
import type { SealedRelease, World } from './world.ts'

export const ADMIN = 'apps/console/cli/main.ts'

/** Seals a copy of the demo disk as `version`, by the administrator's CLI. @param more of its options */
export async function sealVersion(world: World, version: string, more: readonly string[] = []): Promise<SealedRelease> {
  const disks = placesOf(world.folder).disks(version)
  await runOk('tools/demo-guest/main.ts', ['--json', '--out', disks, '--release', version])
  const images = ['--disk', `system=${join(disks, 'system.raw')}`, '--disk', `user=${join(disks, 'user.raw')}`]
  return await sealDisks(world, version, [...images, ...more])
}

/** Seals `machine.yaml` of the version's disks with the disks that `options` name. */
export async function sealDisks(world: World, version: string, options: readonly string[]): Promise<SealedRelease> {
  const printed = await runOk(ADMIN, [...sealArguments(world.folder, version), '--json', ...options])
  const { sha256, packageKey } = JSON.parse(printed)
  return { version, sha256, packageKey: await openPackageKey(world, packageKey, sha256) }
}

/** All but the disks. */
export function sealArguments(folder: string, version: string): readonly string[] {
  const places = placesOf(folder)
  return [
    ...['seal', '--name', 'demo', '--version', version, '--machine', join(places.disks(version), 'machine.yaml'), '--store', places.store],
    ...['--org-key', places.orgKey, '--passphrase-file', places.passphrase, '--out', places.sealed(version)],
  ]
}

/** Opens what a lease will bring: the package key, with the organisation's key and its passphrase. */
async function openPackageKey(world: World, wrapped: string, sha256: string): Promise<string> {
  const places = placesOf(world.folder)
  const orgKey = await openOrganisationKey(places.orgKey, places.passphrase)
  return Buffer.from(unwrapPackageKey(orgKey, await readFile(wrapped), sha256)).toString('base64url')
}

/** Puts the manifest where the runtime's update module keeps verified ones. */
export async function deliver(world: World, device: string, release: SealedRelease): Promise<void> {
  const target = layoutOf(placesOf(world.folder).data(device)).manifest(release.sha256)
  await mkdir(dirname(target), { recursive: true })
  await copyFile(join(placesOf(world.folder).sealed(release.version), 'manifest.json'), target)
}
