// SPDX-License-Identifier: Apache-2.0
//
// A release of this runtime as the vendor's `targets` approves it: `runtime/<version>/<platform>.json`, and the file that it names.
import { compareRuntimeVersions, runtimeVersion, sha256Text } from '@casemate/policy/names'
import { parseStrictJson } from '@casemate/policy/strict-json'
import { z } from 'zod'
import { UpdateError } from '../update/error.ts'

export interface RuntimeRelease {
  readonly version: string
  readonly file: { readonly path: string; readonly sha256: string; readonly length: number }
}

export const releaseTarget = (version: string, platform: string): string => `runtime/${version}/${platform}.json`

const document = z.strictObject({
  format: z.literal('casemate-runtime-1'),
  version: runtimeVersion,
  platform: z.string(),
  /** Its name stands under `runtime/<version>/`. */
  file: z.strictObject({ name: z.string().regex(/^[A-Za-z0-9][A-Za-z0-9._-]{0,127}$/), sha256: sha256Text, length: z.int().min(1) }),
})

/** @throws UpdateError `release-invalid`: it is not of this form, or speaks of another version or platform than its path. */
export function parseRuntimeRelease(bytes: Uint8Array, wanted: { readonly version: string; readonly platform: string }): RuntimeRelease {
  const path = releaseTarget(wanted.version, wanted.platform)
  const { version, platform, file } = parse(bytes, path)
  if (version !== wanted.version || platform !== wanted.platform) {
    throw new UpdateError('release-invalid', `\`${path}\` speaks of version \`${version}\` for \`${platform}\``)
  }
  return { version, file: { path: `runtime/${version}/${file.name}`, sha256: file.sha256, length: file.length } }
}

function parse(bytes: Uint8Array, path: string): z.infer<typeof document> {
  try {
    return document.parse(parseStrictJson(bytes, { maxBytes: 65_536, maxDepth: 3 }))
  } catch (cause) {
    throw new UpdateError('release-invalid', `expected a runtime release in \`${path}\`, found something else`, cause)
  }
}

/** The newest version for a platform that is above `running`, or null: an older one is never an update. */
export function newestAbove(running: string, platform: string, paths: readonly string[]): string | null {
  const versions = paths.flatMap((path) => {
    const [, version = '', name = ''] = /^runtime\/([^/]+)\/([^/]+)$/.exec(path) ?? []
    return runtimeVersion.safeParse(version).success && name === `${platform}.json` ? version : []
  })
  return (
    versions
      .filter((version) => compareRuntimeVersions(version, running) > 0)
      .sort(compareRuntimeVersions)
      .at(-1) ?? null
  )
}
