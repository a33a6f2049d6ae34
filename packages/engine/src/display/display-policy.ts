// SPDX-License-Identifier: Apache-2.0
import type { Watermark } from './watermark.ts'

/** One direction of the clipboard; `maxBytes` counts the bytes of one cut text (Latin-1, RFC 6143 7.5.6). */
export interface ClipboardRule {
  readonly allowed: boolean
  readonly maxBytes: number
}

/** What a viewer may do to a running VM. Replaced as a whole, in force from the next byte on. */
export interface DisplayPolicy {
  readonly clipboard: { readonly toGuest: ClipboardRule; readonly fromGuest: ClipboardRule }
  readonly input: 'allowed' | 'refused'
  /** Drawn into every pixel that is sent from then on; null: none. */
  readonly watermark: Watermark | null
}

/**
 * passed: handed on as cut text. typed: all of it typed as keystrokes. interrupted: typing ended early (viewer left, policy changed).
 * refused: the policy forbids it. too-large: above `maxBytes` or what is typed at most. untypeable: no US key for a character, or a
 * control character. busy: an earlier paste is still being typed.
 */
export type ClipboardOutcome = 'passed' | 'typed' | 'interrupted' | 'refused' | 'too-large' | 'untypeable' | 'busy'

/** One cut text and what became of it; the text itself is never in an event. */
export interface ClipboardEvent {
  readonly direction: 'to-guest' | 'from-guest'
  readonly bytes: number
  readonly outcome: ClipboardOutcome
}

/** What `rule` says to a cut text of `bytes`. */
export function judgeCutText(rule: ClipboardRule, bytes: number): 'allowed' | 'refused' | 'too-large' {
  if (!rule.allowed) return 'refused'
  return bytes > rule.maxBytes || bytes > MAX_CUT_TEXT ? 'too-large' : 'allowed'
}

/** No policy lets more through at once: it is held in memory whole before a byte of it is passed on. */
export const MAX_CUT_TEXT = 1_048_576
