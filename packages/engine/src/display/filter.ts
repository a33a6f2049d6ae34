// SPDX-License-Identifier: Apache-2.0
//
// Stands between one viewer and the RFB server of a VM. Both directions are parsed to the last byte; what the policy forbids does not
// pass, whatever the viewer's page or the guest sends. It draws nothing but a watermark, and knows no WebSocket: the viewer is a stream of bytes.
import { connect } from 'node:net'
import type { Duplex } from 'node:stream'
import { EngineError } from '../error.ts'
import { BetweenMessages } from './between-messages.ts'
import { ByteReader } from './byte-reader.ts'
import { ByteWriter } from './byte-writer.ts'
import { DesktopSizes } from './desktop-size.ts'
import type { ClipboardEvent, DisplayPolicy } from './display-policy.ts'
import { encodeUpdateRequest, Framing } from './framing.ts'
import { GuestInput } from './guest-input.ts'
import { relayGuest } from './guest-messages.ts'
import { relayHandshake } from './handshake.ts'
import { relayViewer } from './viewer-messages.ts'

/** QEMU takes a key event each 10 ms and queues the rest (`key-delay-ms`); a little slower keeps that queue empty. */
const KEY_INTERVAL_MS = 12
/** A guest draws all anew for each size: a window that is dragged asks for dozens. */
const SIZE_INTERVAL_MS = 250

export type { ClipboardEvent, ClipboardOutcome, ClipboardRule, DisplayPolicy } from './display-policy.ts'

export interface DisplayOptions {
  /** Unix socket of an RFB 3.8 server with security type None. */
  readonly displaySocket: string
  /** Bytes to and from the viewer, cut anywhere; the connection owns it from now on and ends it. */
  readonly viewer: Duplex
  readonly policy: DisplayPolicy
  /** `type`: allowed cut text is typed as keystrokes, for a guest without a clipboard agent. */
  readonly paste: 'forward' | 'type'
  /** Called for every cut text of either direction, passed or not. */
  readonly onClipboard: (event: ClipboardEvent) => void
  /** Between two key events of a typed paste, milliseconds; 12 unless told. */
  readonly keyIntervalMs?: number
  /** The server takes SetDesktopSize, though it need not say so: QEMU does when its own size has changed, and not before. */
  readonly takesSizes?: boolean
  /** Between two sizes of the screen that are asked for, milliseconds; 250 unless told. */
  readonly sizeIntervalMs?: number
}

/** `error` where a side broke the protocol (`rfb-protocol`). */
export interface DisplayEnd {
  readonly reason: 'viewer-left' | 'guest-left' | 'closed' | 'rfb-protocol'
  readonly error?: EngineError
}

export interface DisplayConnection {
  /** In force from the next byte on; what is no longer allowed is let go of at once: held keys, a paste being typed. With another watermark all is drawn anew. */
  setPolicy(policy: DisplayPolicy): void
  close(): void
  /** How often the viewer asked for a size of the screen that it may not have. */
  readonly refusedSizes: number
  /** Resolves once both sides are let go; never rejects. */
  readonly closed: Promise<DisplayEnd>
}

/** Connects `viewer` to the display; several may be connected to one VM at a time. */
export function connectDisplay(options: DisplayOptions): DisplayConnection {
  const guest = connect(options.displaySocket)
  // Without a listener a broken connection would end the process; the reading side tells of it.
  for (const stream of [guest, options.viewer]) stream.on('error', () => stream.destroy())
  const toGuest = new ByteWriter(guest)
  const toViewer = new ByteWriter(options.viewer)
  const fromGuest = new ByteReader(guest, () => toViewer.flush())
  const fromViewer = new ByteReader(options.viewer, () => toGuest.flush())
  const framing = new Framing()
  const input = new GuestInput(toGuest, framing, options.keyIntervalMs ?? KEY_INTERVAL_MS)
  const closing = Promise.withResolvers<DisplayEnd>()
  let policy = options.policy
  const ask = (request: Uint8Array) => {
    toGuest.add(request)
    void toGuest.flush()
  }
  const between = new BetweenMessages(toViewer)
  const sizes = new DesktopSizes({
    framing,
    intervalMs: options.sizeIntervalMs ?? SIZE_INTERVAL_MS,
    taken: options.takesSizes ?? false,
    // It changes the guest, so it counts as input.
    allowed: () => policy.input === 'allowed',
    toGuest: ask,
    toViewer: (message) => between.add(message),
  })
  const relay = { framing, input, between, sizes, paste: options.paste, policy: () => policy, report: options.onClipboard, ask }

  const relayBoth = async (): Promise<DisplayEnd> => {
    await relayHandshake(fromGuest, toGuest, fromViewer, toViewer, framing)
    return Promise.race([
      relayViewer(fromViewer, toGuest, relay).then((): DisplayEnd => ({ reason: 'viewer-left' })),
      relayGuest(fromGuest, toViewer, relay).then((): DisplayEnd => ({ reason: 'guest-left' })),
    ])
  }
  const explain = (error: unknown): DisplayEnd => {
    if (fromGuest.ended) return { reason: 'guest-left' }
    if (fromViewer.ended) return { reason: 'viewer-left' }
    return {
      reason: 'rfb-protocol',
      error: error instanceof EngineError ? error : new EngineError('rfb-protocol', 'the display filter failed', error),
    }
  }
  const run = async (): Promise<DisplayEnd> => {
    const end = await Promise.race([relayBoth().catch(explain), closing.promise])
    sizes.close()
    input.letGo()
    toGuest.end()
    toViewer.end()
    await input.idle()
    return end
  }
  return {
    setPolicy(next) {
      const redraw = policy.watermark?.text !== next.watermark?.text
      policy = next
      if (redraw && framing.asked) toGuest.add(encodeUpdateRequest(false, framing))
      if (next.input === 'refused') input.letGo()
      else if (!next.clipboard.toGuest.allowed) input.interruptTyping()
      void toGuest.flush()
    },
    close: () => closing.resolve({ reason: 'closed' }),
    get refusedSizes() {
      return sizes.refused
    },
    closed: run(),
  }
}
