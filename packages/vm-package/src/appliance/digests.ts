// SPDX-License-Identifier: Apache-2.0
//
// The manifest of an appliance, DSP0243 section 5.2: a line for each of its files with the digest of its bytes. It finds damage;
// against an attacker it says nothing, since whoever alters a file can write its line anew.
import { createHash } from 'node:crypto'
import { PackageError } from '../error.ts'
import { type ImageFile, readImage } from '../source/image-file.ts'
import { invalid, quote, wrongDigest } from './refusal.ts'

export const mostManifestBytes = 262_144
/** Read at once. */
const partBytes = 1_048_576

const hexLengths = { SHA1: 40, SHA256: 64, SHA512: 128 } as const

export interface Digest {
  readonly algorithm: keyof typeof hexLengths
  /** In small letters. */
  readonly hex: string
}

/** By name of the file. @throws PackageError `appliance-invalid` */
export function parseDigests(bytes: Buffer): ReadonlyMap<string, Digest> {
  const digests = new Map<string, Digest>()
  for (const line of bytes.toString('utf8').split(/\r?\n/)) {
    if (line.trim() === '') continue
    const {
      algorithm,
      name = '',
      hex = '',
    } = /^(?<algorithm>SHA1|SHA256|SHA512) ?\((?<name>.+)\) ?= *(?<hex>[0-9a-fA-F]+) *$/.exec(line)?.groups ?? {}
    if (!isAlgorithm(algorithm) || hex.length !== hexLengths[algorithm])
      throw invalid(`expected lines such as \`SHA256(name)= ...\` in its manifest, found ${quote(line)}`)
    if (digests.has(name)) throw invalid(`expected each file once in its manifest, found ${quote(name)} again`)
    digests.set(name, { algorithm, hex: hex.toLowerCase() })
  }
  return digests
}

const isAlgorithm = (text: string | undefined): text is Digest['algorithm'] => text !== undefined && Object.hasOwn(hexLengths, text)

/** @param onBytes is told how many more were read. @throws PackageError `appliance-digest`, `source-unreadable`, `source-changed`, `seal-cancelled` */
export async function checkDigest(
  image: ImageFile,
  name: string,
  digest: Digest,
  onBytes: (count: number) => void,
  signal?: AbortSignal,
): Promise<void> {
  const hash = createHash(digest.algorithm)
  const part = Buffer.allocUnsafeSlow(partBytes)
  for (let at = 0; at < image.length; at += partBytes) {
    if (signal?.aborted) throw new PackageError('seal-cancelled', 'the seal was cancelled', signal.reason)
    const bytes = part.subarray(0, Math.min(partBytes, image.length - at))
    await readImage(image, at, bytes)
    hash.update(bytes)
    onBytes(bytes.length)
  }
  const found = hash.digest('hex')
  if (found !== digest.hex) throw wrongDigest(`expected ${quote(name)} with the ${digest.algorithm} \`${digest.hex}\`, found \`${found}\``)
}
