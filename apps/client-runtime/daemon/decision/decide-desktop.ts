// SPDX-License-Identifier: Apache-2.0
//
// Gathers what a decision is made from and makes it. Documents that are not here or cannot be believed are a refusal by name; so is
// whatever else goes wrong.
import { type Decision, decide } from '@casemate/policy/decision'
import type { Facts, Request } from '@casemate/policy/facts'
import { desktopOf, type Lease } from '@casemate/policy/lease'
import { reason } from '@casemate/policy/reason'
import { grantOf, modeOf } from '../administrator-mode/present-grant.ts'
import { type Device, factsOf } from '../device.ts'
import { type DesktopDocuments, readDesktop } from '../documents/desktop-documents.ts'
import type { AskedOfHost } from '../host-facts/host-probes.ts'
import { hostWideOf } from './host-wide.ts'

export interface Decided {
  readonly decision: Decision
  /** Null where they are not here. */
  readonly documents: DesktopDocuments | null
}

/**
 * Never throws: an error is a refusal.
 * @param activation `foreseen`: as if the lease brought the package key already
 */
export async function decideDesktop(
  device: Device,
  engines: Facts['engines'],
  desktop: string,
  request: Request,
  activation: 'held' | 'foreseen' = 'held',
): Promise<Decided> {
  try {
    const { leases, clock, documents: held, overrides } = device
    // Of one moment: a lease may come while the documents are read.
    const { floors } = leases
    const lease = activation === 'held' ? leases.lease : withKey(leases.lease, desktop)
    const documents = await readDesktop(held.place, desktop, lease)
    if (documents !== undefined) {
      const observed = { ...(await factsOf(device, engines, askedBy(documents.layers))), floors }
      const facts = { ...observed, hostWide: await hostWideOf(device, lease, observed), package: packageOf(device, documents, request) }
      const { now } = clock
      const granted = lease === null ? null : await grantOf(device, desktop, modeOf(documents, lease, facts, now))
      const loosenings = granted === null ? overrides.granted : [...overrides.granted, granted]
      return { decision: decide(documents.release, documents.layers, lease, facts, request, now, loosenings), documents }
    }
    return { decision: { allowed: false, reasons: [whyNothing(device, desktop)] }, documents: null }
  } catch {
    return { decision: { allowed: false, reasons: [reason('decision-failed')] }, documents: null }
  }
}

/** Whether there is a key is all that a decision looks at. */
function withKey(lease: Lease | null, desktop: string): Lease | null {
  if (lease === null) return null
  return {
    ...lease,
    assign: lease.assign.map((assigned) => (desktopOf(assigned) === desktop ? { ...assigned, key: assigned.key ?? 'foreseen' } : assigned)),
  }
}

/** What runs is judged by its own host, which checks every byte and has blocked by itself. */
function packageOf({ altered }: Device, { release }: DesktopDocuments, { kind }: Request): Facts['package'] {
  return kind !== 'continue' && altered.has(release.document.package.sha256) ? 'altered' : 'verified'
}

/** Without documents the earlier reasons of `decide` are still said first. */
function whyNothing({ leases: { lease }, clock, owner }: Device, desktop: string) {
  if (clock.behind) return reason('clock-behind', clock.reading)
  if (lease === null) return reason('lease-missing')
  if (lease.sub !== owner.device.id || lease.cnf.jkt !== owner.device.jkt) return reason('lease-foreign')
  if (lease.suspension !== null) return reason('lease-suspended', lease.suspension)
  if (!lease.assign.some(({ path }) => path.startsWith(`releases/${desktop}/`))) return reason('desktop-not-assigned', { desktop })
  return reason('release-mismatch')
}

/** Whatever any rule asks for, whether it holds here or not. */
function askedBy({ rules }: DesktopDocuments['layers']): AskedOfHost {
  const values = rules.posture.map(({ value }) => value)
  return { processes: [...new Set(values.flatMap(({ processes }) => processes))], files: [...new Set(values.flatMap(({ files }) => files))] }
}
