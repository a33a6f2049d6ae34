// SPDX-License-Identifier: Apache-2.0
import type { Lease } from '@casemate/policy/lease'
import { catalogue, type SettingValues } from '@casemate/policy/settings'

/** A lease has one set of offline limits for all of its desktops: the strictest of their policies (PO-5). No desktop: no limit but `exp`. */
export function strictestOffline(limits: readonly SettingValues['offline'][]): Lease['offline'] {
  const [first, ...others] = limits
  if (first === undefined) return { warnAt: null, restrictAt: null, suspendAt: null, maxRuntimeMinutes: null, maxBoots: null }
  const strictest = others.reduce(catalogue.offline.meet, first)
  const { warnMinutes, restrictMinutes, suspendMinutes, maxRuntimeMinutes, maxBoots } = strictest
  return { warnAt: seconds(warnMinutes), restrictAt: seconds(restrictMinutes), suspendAt: seconds(suspendMinutes), maxRuntimeMinutes, maxBoots }
}

/** What a lease can say at most. */
const most = 31_622_400
const seconds = (minutes: number | null): number | null => (minutes === null ? null : Math.min(minutes * 60, most))
