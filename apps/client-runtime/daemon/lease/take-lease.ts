// SPDX-License-Identifier: Apache-2.0
//
// From an answer of the console to the lease in force, each step before the next: keys, lease against floors and repository, the
// documents that it assigns, then the clock and the files. A lease whose documents cannot be fetched yet is not taken: the old one and
// its deadlines hold. One that suspends waits for nothing.
import { PolicyError } from '@casemate/policy/error'
import type { Lease, LeaseFloors } from '@casemate/policy/lease'
import { verifyLease } from '@casemate/policy/lease'
import type { VerifiedClock } from '../clock/verified-clock.ts'
import type { Documents, Missing } from '../documents/documents.ts'
import { UpdateError } from '../update/error.ts'
import { type Floors, noFloors } from '../update/floors.ts'
import type { LeaseOwner, LeaseStore } from './lease-store.ts'

export interface LeaseTaker {
  readonly owner: LeaseOwner
  readonly leases: LeaseStore
  readonly documents: Documents
  readonly clock: VerifiedClock
}

export interface Answer {
  readonly token: string
  readonly nonce: string
  /** Of the newest TUF timestamp, where the answer names it. */
  readonly timestamp: number | null
  readonly change: number | null
  /** Whether to go on although documents could not be fetched: their desktops are refused then. */
  readonly withoutDocuments: boolean
}

export interface Taken {
  readonly lease: Lease
  readonly before: Lease | null
  readonly missing: readonly Missing[]
  /** Of the metadata, where it could not be brought up to date; what is here is used until the lease ends. */
  readonly stale: UpdateError | null
  readonly clock: { readonly from: number; readonly to: number }
}

/** @throws PolicyError with the code of the check that fails; UpdateError while documents or metadata do not come. */
export async function takeLease(taker: LeaseTaker, answer: Answer): Promise<Taken> {
  const { leases, documents, clock } = taker
  const before = leases.lease
  const floors = before?.tuf ?? noFloors
  const due = answer.timestamp !== null && answer.timestamp > (await documents.versions()).timestamp
  const stale = due ? await updated(documents, floors) : null
  const { lease, floors: raised } = await verifyWithUpdate(taker, answer, floors)
  const missing = lease.action === 'suspend' ? [] : await fetched(documents, lease, answer.withoutDocuments)
  const from = clock.now
  await clock.replace(lease.iat)
  await leases.adopt(answer.token, lease, raised, answer.change)
  return { lease, before, missing, stale, clock: { from, to: lease.iat } }
}

/** The lease may name metadata, or be signed by a key, that this device has not seen yet: then it is brought up to date, once. */
async function verifyWithUpdate(taker: LeaseTaker, answer: Answer, floors: Floors): Promise<{ lease: Lease; floors: LeaseFloors }> {
  try {
    return await verifyAnswer(taker, answer)
  } catch (error) {
    if (!(error instanceof PolicyError) || (error.code !== 'lease-repository' && error.code !== 'token-key')) throw error
    await taker.documents.refresh(floors)
    return await verifyAnswer(taker, answer)
  }
}

async function verifyAnswer({ owner, leases, documents, clock }: LeaseTaker, { token, nonce }: Answer) {
  const [keys, repository] = [await documents.onlineKeys(), await documents.versions()]
  return verifyLease(token, { ...owner, keys, nonce, floors: leases.floors, repository, now: clock.now })
}

/** TUF that has expired, or a clock that it may not be read by, stops updates, not the device. */
async function updated(documents: Documents, floors: Floors): Promise<UpdateError | null> {
  try {
    await documents.refresh(floors)
    return null
  } catch (error) {
    if (error instanceof UpdateError) return error
    throw error
  }
}

async function fetched(documents: Documents, lease: Lease, withoutDocuments: boolean): Promise<readonly Missing[]> {
  try {
    return await documents.fetchAssigned(lease)
  } catch (error) {
    if (withoutDocuments && error instanceof UpdateError) return []
    throw error
  }
}
