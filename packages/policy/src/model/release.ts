// SPDX-License-Identifier: Apache-2.0
//
// The approved statement that a desktop consists of this package under these policy layers. Everything it names, it names by SHA-256.
import { z } from 'zod'
import { PolicyError } from '../error.ts'
import { canonicalJson } from './canonical-json.ts'
import { directoryName, instant, runtimeVersion, serial, sha256Text, slug } from './names.ts'
import { parseStrictJson } from './strict-json.ts'

const packagePath = z.string().regex(/^packages\/[a-z0-9-]{1,64}\/[0-9A-Za-z.-]{1,64}\.json$/)
const policyPath = z.string().regex(/^policies\/[a-z0-9-]{1,64}\/[0-9A-Za-z.-]{1,64}\.json$/)
const document = { path: policyPath, sha256: sha256Text }

/** Which documents apply is chosen by the lease's claims: who the user is, and which groups, tags and device the console knows. */
export const layerReference = z.discriminatedUnion('layer', [
  z.strictObject({ layer: z.literal('organisation'), selector: z.null(), ...document }),
  z.strictObject({ layer: z.literal('group'), selector: z.strictObject({ group: directoryName }), ...document }),
  z.strictObject({ layer: z.literal('user'), selector: z.strictObject({ user: directoryName }), ...document }),
  z.strictObject({ layer: z.literal('device'), selector: z.union([z.strictObject({ device: slug }), z.strictObject({ tag: slug })]), ...document }),
])

/** How a device comes to a release. */
export const releaseUpdate = z.strictObject({
  /** How many former releases keep their system disks on the device once this one has booted. */
  keep: z.int().min(0).max(8),
  /** From then on no session of another package goes on; null: it goes on until somebody ends it. */
  forceAt: instant.nullable(),
})

export const release = z.strictObject({
  format: z.literal('casemate-release-1'),
  desktop: slug,
  /** What people see in the launcher. */
  title: z.string().min(1).max(128),
  serial,
  minRuntime: runtimeVersion,
  package: z.strictObject({ path: packagePath, sha256: sha256Text }),
  layers: z.array(layerReference).max(10_000),
  /** Absent: suggested, and nothing is kept. */
  update: releaseUpdate.optional(),
})

export type LayerReference = z.infer<typeof layerReference>
export type Release = z.infer<typeof release>
export type ReleaseUpdate = z.infer<typeof releaseUpdate>

/** Nearest last. */
export const layerOrder = ['organisation', 'group', 'user', 'device'] as const

export const releasePath = (desktop: string, number: number): string => `releases/${desktop}/${number}.json`
export const packageManifestPath = (name: string, version: string): string => `packages/${name}/${version}.json`
export const policyDocumentPath = (name: string, version: string): string => `policies/${name}/${version}.json`

/** @throws PolicyError `json-*` or `release-invalid`. */
export function parseRelease(source: Uint8Array | string): Release {
  const parsed = release.safeParse(parseStrictJson(source, { maxBytes: 4_194_304, maxDepth: 8 }))
  if (!parsed.success) throw new PolicyError('release-invalid', `expected a release: ${z.prettifyError(parsed.error)}`, parsed.error)
  return parsed.data
}

/** One text for one release: what is hashed and approved. */
export function writeRelease(value: Release): string {
  return canonicalJson(value)
}

/** Name and version out of `packages/<name>/<version>.json`. */
export function packageOf(value: Release): { readonly name: string; readonly version: string; readonly sha256: string } {
  const { path, sha256 } = value.package
  const slash = path.lastIndexOf('/')
  return { name: path.slice('packages/'.length, slash), version: path.slice(slash + 1, -'.json'.length), sha256 }
}
