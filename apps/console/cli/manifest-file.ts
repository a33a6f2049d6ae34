// SPDX-License-Identifier: Apache-2.0
import { type Manifest, manifestSha256, openManifest } from '@casemate/vm-package/manifest'
import { readSmallFile } from './files.ts'

export interface ManifestFile {
  readonly manifest: Manifest
  /** Of the file's bytes, in hex. */
  readonly sha256: string
}

/**
 * @param expected SHA-256 that the file must have; without it any manifest is taken.
 * @throws AdminError `file-unreadable`; PackageError `manifest-altered`, `manifest-invalid`
 */
export async function readManifestFile(path: string, expected: string | undefined): Promise<ManifestFile> {
  const bytes = await readSmallFile(path, 1_048_576)
  const sha256 = manifestSha256(bytes)
  return { manifest: openManifest(bytes, expected ?? sha256), sha256 }
}
