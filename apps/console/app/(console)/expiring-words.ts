// SPDX-License-Identifier: Apache-2.0
import type { ResultOf } from '../../web-door/door.ts'

type Expiring = ResultOf<'list-expiring'>['expiring'][number]

export function expiringWords({ role, version, expires, expired, waiting, needed, holders }: Expiring): string {
  const what = `${role}, version ${version}, ${expired ? 'expired' : 'expires'} on ${expires.slice(0, 10)}.`
  if (role === 'snapshot' || role === 'timestamp') return `${what} The console renews it every hour and could not: see its log.`
  const who = `${needed} of ${holders.join(', ')} must sign`
  return `${what} ${waiting ? `A version waits: ${who}.` : `Nothing waits yet: the console stages its renewal within the hour, then ${who}.`}`
}
