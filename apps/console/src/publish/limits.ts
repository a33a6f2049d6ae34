// SPDX-License-Identifier: Apache-2.0
import { PublishError } from './error.ts'

/** In bytes; devices refuse more, so nothing larger is published. */
export const limits = { root: 512_000, timestamp: 16_384, snapshot: 2_000_000, targets: 5_000_000, target: 16_777_216 } as const

/** @throws PublishError `too-large` */
export function checkSize(what: string, found: number, kind: keyof typeof limits): void {
  if (found > limits[kind]) throw new PublishError('too-large', `expected at most ${limits[kind]} bytes for \`${what}\`, found ${found}`)
}
