// SPDX-License-Identifier: Apache-2.0
//
// Types a text on a US keyboard towards a guest that has no clipboard agent. Which letters appear is up to the guest's own layout and
// caps lock. RFB acknowledges no key, so keys go at a rate: a guest's keyboard controller holds 16 bytes and drops the rest.
import { type Key, SHIFT, usKey } from './us-layout.ts'

/** About a minute and a half at the usual rate; a longer text belongs on a disk. */
export const MAX_TYPED = 4096

/**
 * The keys that type `text` (Latin-1). Line ends may be LF or CR LF.
 * Null when one character has no key: control characters are refused, so that a paste never sends escape or interrupt.
 */
export function keysOf(text: Uint8Array): readonly Key[] | null {
  const keys: Key[] = []
  for (const character of Buffer.from(text).toString('latin1').replaceAll('\r\n', '\n')) {
    const key = usKey(character)
    if (key === null) return null
    keys.push(key)
  }
  return keys
}

interface Typing {
  readonly signal: AbortSignal
  send(key: Key, down: boolean): Promise<void>
  /** Resolves when the next key event may go. */
  pace(): Promise<void>
}

/** False when `signal` ended it early: then the caller lets go of what is still down. */
export async function typeText(keys: readonly Key[], typing: Typing): Promise<boolean> {
  let shifted = false
  for (const key of keys) {
    const changes: [Key, boolean][] = shifted === key.shift ? [] : [[SHIFT, key.shift]]
    changes.push([key, true], [key, false])
    shifted = key.shift
    for (const [changed, down] of changes) {
      if (typing.signal.aborted) return false
      await typing.send(changed, down)
      await typing.pace()
    }
  }
  if (typing.signal.aborted) return false
  if (shifted) await typing.send(SHIFT, false)
  return true
}
