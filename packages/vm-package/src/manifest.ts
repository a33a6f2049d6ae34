// SPDX-License-Identifier: Apache-2.0
//
// The manifest says what a package is: hardware, disks by the name of their root page, conditions. It is the target that is
// approved, by the SHA-256 of its bytes; everything else follows from it by name. Unknown fields and duplicate keys are refused.
import { hash } from 'node:crypto'
import { z } from 'zod'
import { blockBytes } from './chunk/cut.ts'
import { PackageError } from './error.ts'
import { diskController, hardware, hardwareProblem, orderHardware } from './hardware.ts'
import { scriptsField } from './scripts/package-scripts.ts'
import { parseStrictJson } from './strict-json.ts'

const maxBytes = 1_048_576
/** 16 TiB. */
export const maxDiskBytes = 2 ** 44

const sha256Hex = z.string().regex(/^[0-9a-f]{64}$/)
/** UTC, whole seconds. */
const instant = z.iso.datetime({ precision: 0 })
/** It becomes part of a path: `packages/<name>/<version>.json`. */
export const packageName = z.string().regex(/^[a-z0-9](?:[a-z0-9-]{0,62}[a-z0-9])?$/)
export const packageVersion = z.string().regex(/^[A-Za-z0-9][A-Za-z0-9._+-]{0,63}$/)
export const diskName = z.string().regex(/^[a-z0-9-]{1,32}$/)
const disk = z.strictObject({
  name: diskName,
  role: z.enum(['system', 'user']),
  size: z.int().min(blockBytes).max(maxDiskBytes).multipleOf(blockBytes),
  controller: diskController,
  /** Name of the object that holds the root page. */
  root: sha256Hex,
})

/** When devices run a package: from `notBefore` on, until `notAfter`. */
export const validity = z
  .strictObject({ notBefore: instant.nullable(), notAfter: instant.nullable() })
  .refine(({ notBefore, notAfter }) => notBefore === null || notAfter === null || notBefore < notAfter, 'expected `notBefore` before `notAfter`')

const manifestFields = z.strictObject({
  format: z.literal('casemate-package-1'),
  name: packageName,
  version: packageVersion,
  createdAt: instant,
  /** Oldest runtime that may run it: major.minor.patch. */
  minRuntime: z.string().regex(/^(?:0|[1-9]\d{0,5})(?:\.(?:0|[1-9]\d{0,5})){2}$/),
  hardware,
  disks: z
    .array(disk)
    .min(1)
    .max(8)
    .refine((disks) => disks[0]?.role === 'system', 'expected the first disk to be the system disk')
    .refine((disks) => new Set(disks.map(({ name }) => name)).size === disks.length, 'expected each disk name once'),
  validity,
  /** Name of the object that holds the files of the medium that each instance is given; absent: none. */
  customization: z.strictObject({ sha256: sha256Hex }).optional(),
  eula: z.strictObject({ sha256: sha256Hex }).nullable(),
  scripts: scriptsField,
  /** Name of the prefetch list. */
  prefetch: z.strictObject({ sha256: sha256Hex }).nullable(),
  /** Name of the head of the warm state. */
  warmState: z.strictObject({ sha256: sha256Hex }).nullable(),
})

const manifest = manifestFields
  .superRefine(({ hardware: machine, disks, customization }, context) => {
    const problem = hardwareProblem(machine, disks, customization !== undefined)
    if (problem !== undefined) context.addIssue({ code: 'custom', message: problem })
  })
  // A guest that has booted would have read the files of the boot that was recorded.
  .refine(({ customization, warmState }) => customization === undefined || warmState === null, 'expected no warm state beside customization files')

export type Manifest = z.infer<typeof manifest>
export type ManifestDisk = Manifest['disks'][number]

/**
 * Parses the bytes whose SHA-256 was checked.
 * @throws PackageError `manifest-invalid`
 */
export function parseManifest(bytes: Uint8Array): Manifest {
  try {
    return manifest.parse(parseStrictJson(bytes, maxBytes))
  } catch (cause) {
    const why = cause instanceof z.ZodError ? z.prettifyError(cause) : cause instanceof PackageError ? cause.message : 'it cannot be read'
    throw new PackageError('manifest-invalid', `the manifest is refused: ${why}`, cause)
  }
}

/**
 * @param sha256 what was approved, in hex.
 * @throws PackageError `manifest-altered`, then `manifest-invalid`.
 */
export function openManifest(bytes: Uint8Array, sha256: string): Manifest {
  const found = manifestSha256(bytes)
  if (found !== sha256) throw new PackageError('manifest-altered', `expected a manifest with the SHA-256 \`${sha256}\`, found \`${found}\``)
  return parseManifest(bytes)
}

/** Hex. */
export function manifestSha256(bytes: Uint8Array): string {
  return hash('sha256', bytes, 'hex')
}

/**
 * The same bytes for the same content, whatever the order of keys in `value`.
 * @throws PackageError `manifest-invalid`
 */
export function encodeManifest(value: Manifest): Buffer {
  const { validity: valid } = value
  const ordered: Manifest = {
    format: value.format,
    name: value.name,
    version: value.version,
    createdAt: value.createdAt,
    minRuntime: value.minRuntime,
    hardware: orderHardware(value.hardware),
    disks: value.disks.map(({ name, role, size, controller, root }) => ({ name, role, size, controller, root })),
    validity: { notBefore: valid.notBefore, notAfter: valid.notAfter },
    ...(value.customization === undefined ? {} : { customization: { sha256: value.customization.sha256 } }),
    eula: value.eula === null ? null : { sha256: value.eula.sha256 },
    scripts: Array.isArray(value.scripts) ? [] : { names: value.scripts.names, sha256: value.scripts.sha256 },
    prefetch: value.prefetch === null ? null : { sha256: value.prefetch.sha256 },
    warmState: value.warmState === null ? null : { sha256: value.warmState.sha256 },
  }
  const bytes = Buffer.from(`${JSON.stringify(ordered, null, 2)}\n`)
  parseManifest(bytes)
  return bytes
}
