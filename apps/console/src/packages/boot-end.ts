// SPDX-License-Identifier: Apache-2.0
//
// When a recorded boot ends. A guest that reads nothing new for a while has booted: what it reads from then on is what its user does. The
// while must be longer than any standstill of a boot: a boot menu (30 s), or an initrd that is unpacked. The demo guest's stood for 18 s on v86
// and for 32 s on QEMU without KVM, on a busy machine with two processors.

export const defaultQuietSeconds = 60
export const defaultLimitSeconds = 600
export const mostBootSeconds = 3600

/** `quiet`: no chunk was read for the first time for long enough; `limit`: that did not come in time. */
export type BootEnd = 'quiet' | 'limit' | 'powered-off'

export interface BootLimits {
  readonly quietSeconds: number
  /** Of the whole boot. */
  readonly limitSeconds: number
}

export interface RecordedBoot {
  readonly engine: 'qemu' | 'v86'
  readonly end: BootEnd
  /** How long it took in all, the quiet time too. */
  readonly seconds: number
  /** That it read, each once. */
  readonly chunks: number
}

/** @param ranMs since the session host is there @param quietMs since a chunk was read for the first time; null: none was yet @returns null while it goes on */
export function bootEnd(ranMs: number, quietMs: number | null, { quietSeconds, limitSeconds }: BootLimits): BootEnd | null {
  if (quietMs !== null && quietMs >= quietSeconds * 1000) return 'quiet'
  return ranMs >= limitSeconds * 1000 ? 'limit' : null
}

export function bootWords({ engine, end, seconds, chunks }: RecordedBoot, { quietSeconds }: BootLimits): string {
  const why: Readonly<Record<BootEnd, string>> = {
    quiet: `ended because its guest read nothing new for ${quietSeconds} s`,
    limit: 'ended at its limit',
    'powered-off': 'ended because its guest switched itself off',
  }
  return `${seconds} s on ${engine}, ${chunks} ${chunks === 1 ? 'chunk' : 'chunks'}, ${why[end]}`
}
