// SPDX-License-Identifier: Apache-2.0

/** Of one range; `end` is the last byte. */
export interface ByteRange {
  readonly start: number
  readonly end: number
}

/**
 * RFC 9110, 14.1.2. Several ranges, other units and what is no range are answered whole, as the RFC allows.
 * @returns `unsatisfiable` for a range that begins behind the last byte.
 */
export function readRange(header: string | null, length: number): ByteRange | 'whole' | 'unsatisfiable' {
  const match = /^bytes=(?<from>[0-9]{0,15})-(?<to>[0-9]{0,15})$/.exec(header ?? '')
  const { from, to } = match?.groups ?? {}
  if (from === undefined || to === undefined || (from === '' && to === '')) return 'whole'
  if (from === '') {
    const last = Number(to)
    return last === 0 || length === 0 ? 'unsatisfiable' : { start: Math.max(0, length - last), end: length - 1 }
  }
  const start = Number(from)
  const end = to === '' ? length - 1 : Math.min(Number(to), length - 1)
  if (to !== '' && Number(to) < start) return 'whole'
  return start >= length ? 'unsatisfiable' : { start, end }
}
