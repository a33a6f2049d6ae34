// SPDX-License-Identifier: Apache-2.0
//
// Whose runtime releases this installation takes: addresses and root, given when it is packaged and never by an organisation.
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { parseStrictJson } from '@casemate/policy/strict-json'
import { z } from 'zod'
import { UpdateError } from '../update/error.ts'

/** Where packaging puts the file; an installation without it is updated by whatever installed it. */
export const installedVendorFile = join(import.meta.dirname, '..', '..', 'vendor.json')

export interface Vendor {
  readonly metadataUrl: string
  readonly targetsUrl: string
  /** `root.json`, as the vendor signed it. */
  readonly root: Uint8Array
}

const mostBytes = 1_048_576
/** In the clear only on this computer. */
const address = z
  .url({ protocol: /^https?$/ })
  .refine((text) => !text.startsWith('http:') || /^http:\/\/127\.0\.0\.1[:/]/.test(text), 'expected https')
const vendorFile = z.strictObject({ format: z.literal('casemate-vendor-1'), metadataUrl: address, targetsUrl: address, root: z.base64().min(1) })

/** @throws UpdateError `vendor-missing`, `vendor-invalid` */
export async function readVendor(path: string | null): Promise<Vendor> {
  if (path === null) throw missing()
  const bytes = await readFile(path).catch((cause: unknown) => {
    throw missing(cause)
  })
  try {
    const { root, metadataUrl, targetsUrl } = vendorFile.parse(parseStrictJson(bytes, { maxBytes: mostBytes, maxDepth: 2 }))
    return { metadataUrl, targetsUrl, root: new Uint8Array(Buffer.from(root, 'base64')) }
  } catch (cause) {
    throw new UpdateError('vendor-invalid', `expected the vendor's addresses and root in \`${path}\`, found something else`, cause)
  }
}

const missing = (cause?: unknown): UpdateError =>
  new UpdateError('vendor-missing', 'this runtime was installed without a vendor root: it is updated by whatever installed it', cause)
