// SPDX-License-Identifier: Apache-2.0
import type { RequestOf } from '../../../../web-door/door.ts'

/** Of two instants in Unix seconds; nothing where a package is to be run always. */
export function validityOf(notBefore: number | null, notAfter: number | null): Pick<RequestOf<'seal-machine'>, 'validity'> {
  return notBefore === null && notAfter === null ? {} : { validity: { notBefore: instantText(notBefore), notAfter: instantText(notAfter) } }
}

/** `2027-01-31T08:00:00Z` */
const instantText = (seconds: number | null): string | null => (seconds === null ? null : `${new Date(seconds * 1000).toISOString().slice(0, 19)}Z`)
