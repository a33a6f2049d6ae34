// SPDX-License-Identifier: Apache-2.0
//
// PO-6, at the console: each lease has one successor. A device that presents a lease which already has one, and asks another question than
// the one that was answered, is a copy, or was copied, or was set back; both are suspended, since nobody can tell them apart.

/** The newest lease of a device, as the console issued it. */
export interface NewestLease {
  readonly seq: number
  /** That it answered. */
  readonly nonce: string
  /** `seq` of the proof that it answered. */
  readonly follows: number
}

/**
 * `next`: holds the newest lease. `again`: never got it, and repeats the question that it answered; a new lease with the next number may
 * be issued. `copied`: suspend the device.
 */
export function judgeSuccession(
  newest: NewestLease | null,
  { seq, nonce }: { readonly seq: number; readonly nonce: string },
): 'next' | 'again' | 'copied' {
  if (newest === null) return seq === 0 ? 'next' : 'copied'
  if (seq === newest.seq) return 'next'
  return seq === newest.follows && nonce === newest.nonce ? 'again' : 'copied'
}
