// SPDX-License-Identifier: Apache-2.0

/** A picture: 4 bytes a pixel (red, green, blue, ignored), rows from the top without padding. */
export interface Frame {
  readonly width: number
  readonly height: number
  readonly pixels: Uint8Array
}

/** Rows `from` to before `until` may differ from the capture before. */
export interface ChangedRows {
  readonly from: number
  readonly until: number
}

export interface FrameSource {
  /** The picture now; valid until the next call. `changed` is null where nothing changed since. */
  capture(): { readonly frame: Frame; readonly changed: ChangedRows | null }
}

export type InputEvent =
  /** PS/2 set 1 bytes, as a keyboard would send them. */
  | { readonly kind: 'scancodes'; readonly bytes: readonly number[] }
  /** Absolute, in pixels of the current frame. Buttons: bit 0 left, 1 middle, 2 right, 3 wheel up, 4 wheel down. */
  | { readonly kind: 'pointer'; readonly x: number; readonly y: number; readonly buttons: number }
  /** What the client cut; Latin-1 (RFC 6143, 7.5.6). */
  | { readonly kind: 'cut-text'; readonly text: string }
