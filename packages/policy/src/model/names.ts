// SPDX-License-Identifier: Apache-2.0
//
// The small things that documents refer to each other by. Slugs stand in paths; names are what a directory calls people and groups.
import { z } from 'zod'

export const slug = z.string().regex(/^[a-z0-9](?:[a-z0-9-]{0,62}[a-z0-9])?$/)
/** 1 to 128 characters, no control characters, no blank at either end. */
export const directoryName = z.string().regex(/^(?!\s)[^\p{Cc}\p{Cs}]{1,128}(?<!\s)$/u)
export const sha256Text = z.string().regex(/^[0-9a-f]{64}$/)
/** RFC 7638. */
export const thumbprintText = z.string().regex(/^[A-Za-z0-9_-]{42}[AEIMQUYcgkosw048]$/)
/** 128 bits as base64url: 22 letters, of which the last carries four zero bits. */
export const overrideId = z.string().regex(/^[A-Za-z0-9_-]{21}[AQgw]$/)
/** A version of a package or a policy, as it stands in a path. */
export const versionText = z.string().regex(/^[0-9A-Za-z](?:[0-9A-Za-z.-]{0,62}[0-9A-Za-z])?$/)
/** Unix seconds. */
export const instant = z.int().min(0).max(253_402_300_799)
/** Rises only, never falls. */
export const serial = z.int().min(1)

const runtimeVersionPattern = /^(0|[1-9][0-9]{0,4})\.(0|[1-9][0-9]{0,4})\.(0|[1-9][0-9]{0,4})$/
/** `major.minor.patch`, each below 100,000, no suffix. */
export const runtimeVersion = z.string().regex(runtimeVersionPattern)

/** Below zero: `one` is the older. Both are of the form of {@link runtimeVersion}. */
export function compareRuntimeVersions(one: string, other: string): number {
  return versionNumber(one) - versionNumber(other)
}

/** The three numbers in one, for comparisons; without splitting, since every rule of every decision may ask. */
export function versionNumber(version: string): number {
  let [whole, part] = [0, 0]
  for (let at = 0; at < version.length; at += 1) {
    const digit = version.charCodeAt(at) - 48
    if (digit < 0) whole = (whole + part) * 100_000
    part = digit < 0 ? 0 : part * 10 + digit
  }
  return whole + part
}
