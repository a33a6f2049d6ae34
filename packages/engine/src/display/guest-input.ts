// SPDX-License-Identifier: Apache-2.0
//
// What one viewer has pressed, and the pastes typed in its name. Whenever input is taken away, everything held is let go,
// so that no guest is left with a stuck control key or a dragging pointer.
import { setTimeout as delay } from 'node:timers/promises'
import type { ByteWriter } from './byte-writer.ts'
import type { ClipboardOutcome } from './display-policy.ts'
import type { Framing } from './framing.ts'
import { encodeExtendedKeyEvent, encodeKeyEvent, readKeyMessage } from './key-event.ts'
import { keysOf, MAX_TYPED, typeText } from './type-text.ts'

/** More than hands can hold; a viewer that sends more is not a keyboard. */
const MAX_HELD = 64

export class GuestInput {
  readonly #to: ByteWriter
  readonly #framing: Framing
  readonly #keyIntervalMs: number
  readonly #held = new Map<string, Uint8Array>()
  #pointer: Uint8Array | null = null
  #typing: { readonly abort: AbortController; readonly done: Promise<boolean> } | null = null

  constructor(to: ByteWriter, framing: Framing, keyIntervalMs: number) {
    this.#to = to
    this.#framing = framing
    this.#keyIntervalMs = keyIntervalMs
  }

  /** Passes on a key message; while a paste is typed the viewer's keys are dropped, since they would mix with it. */
  async key(message: Uint8Array): Promise<void> {
    if (this.#typing === null) await this.#send(message)
  }

  /** Passes on a PointerEvent (RFC 6143 7.5.5), 6 bytes. */
  async pointer(message: Uint8Array): Promise<void> {
    this.#pointer = message[1] === 0 ? null : Uint8Array.of(5, 0, ...message.subarray(2))
    await this.#to.write(message)
  }

  /** Types `text`, one paste at a time; resolves with what became of it. */
  async type(text: Uint8Array): Promise<ClipboardOutcome> {
    if (this.#typing !== null) return 'busy'
    if (text.length > MAX_TYPED) return 'too-large'
    const keys = keysOf(text)
    if (keys === null) return 'untypeable'
    // A control key still down from the viewer's own shortcut would turn the paste into commands.
    this.letGo()
    const abort = new AbortController()
    const done = typeText(keys, {
      signal: abort.signal,
      send: async (key, down) => {
        const extended = this.#framing.extendedKeys
        await this.#send(extended ? encodeExtendedKeyEvent(down, key.keysym, key.scanCode) : encodeKeyEvent(down, key.keysym))
        await this.#to.flush()
      },
      pace: () => delay(this.#keyIntervalMs),
    })
    this.#typing = { abort, done }
    const whole = await done
    this.#typing = null
    return whole ? 'typed' : 'interrupted'
  }

  /** Ends a paste at once and lets go of every key and pointer button that this viewer holds. Nothing waits for a slow guest here. */
  letGo(): void {
    this.#typing?.abort.abort()
    for (const release of this.#held.values()) this.#to.add(release)
    this.#held.clear()
    if (this.#pointer !== null) this.#to.add(this.#pointer)
    this.#pointer = null
  }

  /** `letGo`, but only if a paste is being typed. */
  interruptTyping(): void {
    if (this.#typing !== null) this.letGo()
  }

  /** Resolves when no paste is being typed. */
  async idle(): Promise<void> {
    await this.#typing?.done
  }

  async #send(message: Uint8Array): Promise<void> {
    const change = readKeyMessage(message)
    if (!change.down) this.#held.delete(change.key)
    else if (this.#held.size < MAX_HELD || this.#held.has(change.key)) this.#held.set(change.key, change.release)
    else return
    await this.#to.write(message)
  }
}
