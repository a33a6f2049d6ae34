// SPDX-License-Identifier: Apache-2.0
//
// PO-4, PO-5 and PK-8 as moments. The offline steps count from the last verified contact; a lease itself is one. Of lease and policy the
// earlier moment holds, so neither can loosen the other; an extension (PO-22) moves what came of both, but never the end of the lease.
import { lowerLimit } from '../model/setting.ts'
import type { SettingValues } from '../model/settings.ts'
import type { Lease } from '../trust/lease.ts'
import type { Facts } from './facts.ts'
import { type Extension, extended } from './loosen.ts'

/** Unix seconds; null: never. */
export interface Deadlines {
  readonly contactAt: number
  readonly warnAt: number | null
  readonly restrictAt: number | null
  /** By want of contact, not counting what follows. */
  readonly offlineEnd: number | null
  /** By the expiry that the policies set, and with what extends it. */
  readonly policyEnd: number | null
  readonly expiryEnd: number | null
  /** When the user is warned of that end. */
  readonly expiryWarning: number | null
  readonly runtimeEnd: number | null
  /** The earliest end of all, the lease's and the package's included. */
  readonly suspendAt: number
}

const day = 86_400

export function deadlinesOf(
  values: Pick<SettingValues, 'offline' | 'expiry'>,
  lease: Pick<Lease, 'iat' | 'exp' | 'offline'>,
  facts: Pick<Facts, 'contactAt' | 'sinceContact'>,
  { activatedAt, packageEnd }: { readonly activatedAt: number; readonly packageEnd: number | null },
  now: number,
  extensions: readonly Extension[] = [],
): Deadlines {
  const contactAt = Math.min(now, Math.max(lease.iat, facts.contactAt ?? 0))
  const later = (end: number | null) => extended(end, extensions, ({ offlineMinutes }) => offlineMinutes * 60)
  const after = (leased: number | null, minutes: number | null) => later(plus(contactAt, lowerLimit(leased, minutes === null ? null : minutes * 60)))
  const { offline, expiry } = values
  const policyEnd = expiryEndOf(expiry, activatedAt)
  const expiryEnd = extended(policyEnd, extensions, ({ expiryDays }) => expiryDays * day)
  const expiryWarning = expiryEnd === null || expiry.warnDays === 0 ? null : Math.max(0, expiryEnd - expiry.warnDays * day)
  const runtimeLeft = runtimeMinutesLeft(values, lease, facts)
  const offlineEnd = after(lease.offline.suspendAt, offline.suspendMinutes)
  const runtimeEnd = later(plus(now, runtimeLeft === null ? null : runtimeLeft * 60))
  return {
    contactAt,
    warnAt: lowerLimit(after(lease.offline.warnAt, offline.warnMinutes), expiryWarning),
    restrictAt: after(lease.offline.restrictAt, offline.restrictMinutes),
    offlineEnd,
    policyEnd,
    expiryEnd,
    expiryWarning,
    runtimeEnd: runtimeEnd === null ? null : Math.max(now, runtimeEnd),
    suspendAt: Math.min(lease.exp, offlineEnd ?? lease.exp, expiryEnd ?? lease.exp, runtimeEnd ?? lease.exp, packageEnd ?? lease.exp),
  }
}

/** PO-4, in Unix seconds; null: never. */
export function expiryEndOf({ afterDays, lastDay }: SettingValues['expiry'], activatedAt: number): number | null {
  return lowerLimit(plus(activatedAt, afterDays === null ? null : afterDays * day), endOfDay(lastDay))
}

/** Null: no limit; below 0 where more was used. */
function runtimeMinutesLeft(
  { offline }: Pick<SettingValues, 'offline'>,
  lease: Pick<Lease, 'offline'>,
  { sinceContact }: Pick<Facts, 'sinceContact'>,
): number | null {
  const most = lowerLimit(lease.offline.maxRuntimeMinutes, offline.maxRuntimeMinutes)
  return most === null ? null : most - sinceContact.runtimeMinutes
}

function plus(from: number, seconds: number | null): number | null {
  return seconds === null ? null : from + seconds
}

/** Usable through that day, in UTC. */
function endOfDay(date: string | null): number | null {
  return date === null ? null : Date.parse(`${date}T00:00:00Z`) / 1000 + day
}
