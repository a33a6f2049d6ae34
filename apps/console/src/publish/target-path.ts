// SPDX-License-Identifier: Apache-2.0
//
// Which role may speak of which path. The four sets are disjoint, so no role can answer for another's targets.
import { keyListPath, keyPurpose } from '@casemate/policy/key-list'
import { serial, slug, versionText } from '@casemate/policy/names'
import { packageManifestPath, policyDocumentPath, releasePath } from '@casemate/policy/release'
import { PublishError } from './error.ts'
import type { DelegatedRole, TargetsRole } from './metadata.ts'

/** Patterns of the delegations (TUF 4.5: `*` stays within one segment). */
export const delegatedPaths: Readonly<Record<DelegatedRole, readonly string[]>> = {
  packages: ['packages/*/*.json'],
  policies: ['policies/*/*.json'],
  releases: ['releases/*/*.json'],
}

const belongs: Readonly<Record<TargetsRole, (path: string) => boolean>> = {
  targets: (path) => keyPurpose.options.some((purpose) => path === keyListPath(purpose)),
  packages: (path) => isVersioned(path, packageManifestPath),
  policies: (path) => isVersioned(path, policyDocumentPath),
  releases: (path) => {
    const { folder, file } = split(path)
    return slug.safeParse(folder).success && serial.safeParse(Number(file)).success && path === releasePath(folder, Number(file))
  },
}

/** @throws PublishError `path-invalid` */
export function checkPath(role: TargetsRole, path: string): void {
  if (!belongs[role](path)) throw new PublishError('path-invalid', `expected a path of role \`${role}\`, found \`${path}\``)
}

/** Lists of keys change under one name; a package, a policy or a release never does. */
export const isReplaceable = (role: TargetsRole): boolean => role === 'targets'

/**
 * A release's serial only rises, a roll-back too gets a new one.
 * @throws PublishError `serial-not-rising`
 */
export function checkSerial(path: string, published: Iterable<string>): void {
  const { folder: desktop, file } = split(path)
  for (const other of published) {
    const found = split(other)
    if (found.folder === desktop && Number(found.file) >= Number(file)) {
      throw new PublishError('serial-not-rising', `expected a serial above ${found.file} for desktop \`${desktop}\`, found ${file}`)
    }
  }
}

function isVersioned(path: string, build: (name: string, version: string) => string): boolean {
  const { folder, file } = split(path)
  return slug.safeParse(folder).success && versionText.safeParse(file).success && path === build(folder, file)
}

function split(path: string): { readonly folder: string; readonly file: string } {
  const [, folder = '', file = ''] = path.split('/')
  return { folder, file: file.replace(/\.json$/, '') }
}
