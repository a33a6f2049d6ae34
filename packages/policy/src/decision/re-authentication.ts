// SPDX-License-Identifier: Apache-2.0
//
// PO-3: when the user of a VM that runs has to show again who they are. Until then its screen is locked; the VM itself goes on, under
// whatever its policies say meanwhile.
import { z } from 'zod'
import { instant } from '../model/names.ts'
import type { SettingValues } from '../model/settings.ts'
import type { Facts, Request } from './facts.ts'

const seen = z.strictObject({ value: instant.nullable(), from: z.enum(['attested', 'observed']) }).nullable()

/** What the runtime sees of whoever sits before the host. Null as a whole: it cannot tell, which counts as the worse case. */
export const presence = z.strictObject({
  /** When the host last woke from sleep; the value null: not since it was started. */
  sleptAt: seen,
  /** Since when nobody has touched the host; the value null: somebody is at it. */
  idleSince: seen,
})

type Sighting = z.infer<typeof seen>

/**
 * Whether the screen is locked. Nothing is asked for again where nothing was asked for at first. A second that is both before and after
 * counts as after: who wakes the host and who signs in at one moment cannot be told apart.
 */
export function isScreenLocked(
  { authentication, 're-authentication': rule }: Pick<SettingValues, 'authentication' | 're-authentication'>,
  { presence: { sleptAt, idleSince } }: Pick<Facts, 'presence'>,
  { kind, instance }: Pick<Request, 'kind' | 'instance'>,
  now: number,
): boolean {
  if (kind === 'power-on' || authentication.mode === 'none' || (!rule.afterSleep && rule.idleMinutes === null)) return false
  // Whoever comes back to the host ends its idling, and not the lock.
  if (instance.screenLocked) return true
  const since = instance.authenticatedAt ?? 0
  return (rule.afterSleep && hasSlept(sleptAt, since)) || (rule.idleMinutes !== null && hasIdled(idleSince, rule.idleMinutes * 60, since, now))
}

function hasSlept(sleptAt: Sighting, since: number): boolean {
  return sleptAt === null || (sleptAt.value !== null && sleptAt.value >= since)
}

function hasIdled(idleSince: Sighting, seconds: number, since: number, now: number): boolean {
  if (idleSince === null) return true
  if (idleSince.value === null) return false
  const due = idleSince.value + seconds
  return now >= due && since <= due
}
