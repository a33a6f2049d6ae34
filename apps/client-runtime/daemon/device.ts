// SPDX-License-Identifier: Apache-2.0
//
// Everything that an enrolled device works with, opened once.
import type { DeviceKey } from '@casemate/policy/device-key'
import type { Facts } from '@casemate/policy/facts'
import { thumbprint } from '@casemate/policy/jwk'
import { deviceSigner, type Signer } from '@casemate/policy/token'
import type { Layout } from '../layout.ts'
import { AdministratorStore } from './administrator-mode/administrator-store.ts'
import type { VerifiedClock } from './clock/verified-clock.ts'
import { ConsoleClient } from './console/console-client.ts'
import { AlteredPackages } from './documents/altered-packages.ts'
import { Documents } from './documents/documents.ts'
import type { SoftwareKeeping } from './enrolment/device-key-file.ts'
import { type OpenedKey, openDeviceKey } from './enrolment/open-device-key.ts'
import type { EnrolmentRecord } from './enrolment/organisation.ts'
import { codeOf, RuntimeError } from './error.ts'
import { type AskedOfHost, type HostProbes, nothingAsked } from './host-facts/host-probes.ts'
import { Journal } from './journal/journal-file.ts'
import { type LeaseOwner, LeaseStore } from './lease/lease-store.ts'
import { OverrideStore } from './overrides/override-store.ts'

export interface Device {
  readonly enrolment: EnrolmentRecord
  readonly layout: Layout
  readonly version: string
  readonly clock: VerifiedClock
  readonly key: DeviceKey
  readonly keeping: OpenedKey['keeping']
  readonly signer: Signer
  readonly owner: LeaseOwner
  readonly console: ConsoleClient
  readonly documents: Documents
  readonly altered: AlteredPackages
  readonly leases: LeaseStore
  readonly overrides: OverrideStore
  readonly administrator: AdministratorStore
  readonly journal: Journal
  readonly host: HostProbes
  /** Code of what is wrong with the lease that was kept, or null. */
  readonly leaseFault: string | null
}

export interface DeviceOptions {
  readonly layout: Layout
  readonly clock: VerifiedClock
  readonly version: string
  /** How a software key is kept here. */
  readonly keeping: SoftwareKeeping
  readonly host: HostProbes
}

/** @throws RuntimeError `state-altered`, `device-key-elsewhere`, `journal-altered`; PolicyError `key-invalid`: what this device is made of cannot be read. */
export async function openDevice(enrolment: EnrolmentRecord, { layout, clock, version, keeping: wanted, host }: DeviceOptions): Promise<Device> {
  const opened = await openDeviceKey(layout, wanted)
  if (opened === undefined) throw new RuntimeError('state-altered', `expected the key of this device in \`${layout.deviceKey}\`, found nothing`)
  const { key, keeping } = opened
  const [signer, jkt] = [await deviceSigner(key), await thumbprint(key.publicJwk)]
  const leases = await LeaseStore.open(layout)
  const overrides = await OverrideStore.open(layout)
  const administrator = await AdministratorStore.open(layout)
  const altered = await AlteredPackages.open(layout)
  const console = new ConsoleClient(enrolment, { signer, now: () => clock.now, seq: () => leases.floors.seq })
  const documents = new Documents(layout.update, console, clock)
  const owner: LeaseOwner = { issuer: enrolment.organisation, device: { id: enrolment.device, jkt } }
  const journal = await Journal.open(layout.journal, enrolment.device, clock)
  const leaseFault = await loadLease(leases, documents, owner)
  await overrides.load(owner, await documents.overrideKeys())
  return {
    ...{ enrolment, layout, version, clock, key, keeping, signer, owner, console, documents, altered },
    ...{ leases, overrides, administrator, journal, host, leaseFault },
  }
}

/** Without keys to check it by there is no lease; the next check-in brings both. */
async function loadLease(leases: LeaseStore, documents: Documents, owner: LeaseOwner): Promise<string | null> {
  try {
    return await leases.load(owner, await documents.onlineKeys(), await documents.versions())
  } catch (error) {
    return codeOf(error)
  }
}

/**
 * All but what other desktops of the host ask of it.
 * @param asked of the host by the policies that are to be decided over.
 */
export async function factsOf(device: Device, engines: Facts['engines'], asked: AskedOfHost = nothingAsked): Promise<Omit<Facts, 'hostWide'>> {
  const { leases, clock, owner, version, documents, host } = device
  const [hostNetwork, posture] = await Promise.all([host.network(), host.posture(asked)])
  const { root, snapshot, timestamp } = await documents.versions()
  const { contactAt, runtimeSeconds, boots } = leases.contact
  return {
    device: owner.device,
    runtimeVersion: version,
    clock: clock.reading,
    floors: leases.floors,
    repository: { root: Math.max(1, root), snapshot: Math.max(1, snapshot), timestamp: Math.max(1, timestamp) },
    contactAt,
    sinceContact: { runtimeMinutes: Math.floor(runtimeSeconds / 60), boots },
    // Nothing attests where this host is; of what is seen the policies' zones say whether it is enough.
    network: null,
    // Nothing here sees the host sleep or idle; what needs that is refused for want of the capability.
    presence: { sleptAt: null, idleSince: null },
    ...{ hostNetwork, posture },
    engines,
    // Of whatever desktop: the decision over one says what was met of its package.
    package: 'verified',
  }
}
