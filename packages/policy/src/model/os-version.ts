// SPDX-License-Identifier: Apache-2.0
//
// Versions of operating systems: one to four numbers with dots between, such as `VERSION_ID` of os-release. What is missing counts as 0.
import { z } from 'zod'

export const osVersion = z.string().regex(/^(0|[1-9][0-9]{0,5})(\.[0-9]{1,6}){0,3}$/)

export const isOsVersion = (text: string): boolean => osVersion.safeParse(text).success

/** Below zero: `one` is the older. */
export function compareOsVersions(one: string, other: string): number {
  const [left, right] = [partsOf(one), partsOf(other)]
  return [0, 1, 2, 3].map((at) => (left[at] ?? 0) - (right[at] ?? 0)).find((difference) => difference !== 0) ?? 0
}

/** One text for one version: no zero that changes nothing. */
export function normalOsVersion(version: string): string {
  const parts = partsOf(version)
  while (parts.length > 1 && parts.at(-1) === 0) parts.pop()
  return parts.join('.')
}

const partsOf = (version: string): number[] => version.split('.').map(Number)
