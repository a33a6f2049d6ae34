// SPDX-License-Identifier: Apache-2.0
//
// Names of hosts in rules: letters, digits and hyphens (RFC 1123, section 2.1), in small letters, internationalised ones in their ASCII form
// (RFC 5890). `*.` in front stands for every name below, however deep, and not for the name itself.
import { z } from 'zod'

const label = '[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?'

/** Two labels at least, at most 253 characters, so that no rule is for a whole top-level domain by a slip. */
export const domainText = z
  .string()
  .max(253)
  .regex(new RegExp(`^(?:\\*\\.)?(?:${label}\\.)+${label}$`))

/** Whether every name that `inner` stands for is one of `outer`. */
export function containsDomain(outer: string, inner: string): boolean {
  if (outer === inner) return true
  return outer.startsWith('*.') && inner.replace(/^\*\./, '').endsWith(outer.slice(1))
}
