// SPDX-License-Identifier: Apache-2.0
import type { ByteRange } from '@casemate/vm-package/object-store'

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
    return last === 0 || length === 0 ? 'unsatisfiable' : { start: Math.max(0, length - last), end: length }
  }
  const start = Number(from)
  const end = to === '' ? length : Math.min(Number(to) + 1, length)
  if (to !== '' && Number(to) < start) return 'whole'
  return start >= length ? 'unsatisfiable' : { start, end }
}
