// SPDX-License-Identifier: Apache-2.0

import { verifyTimeAnswer } from '@casemate/policy/clock'
import type { SessionReport } from '@casemate/policy/compliance'
import { PolicyError } from '@casemate/policy/error'
import type { Facts } from '@casemate/policy/facts'
import { desktopOf, type Lease } from '@casemate/policy/lease'
import type { RequestOf } from '@casemate/policy/protocol'
import { ConsoleRefusal } from '../console/console-client.ts'
import { type Device, factsOf } from '../device.ts'
import { codeOf, messageOf } from '../error.ts'
import { type Taken, takeLease } from '../lease/take-lease.ts'
import { takeSent } from '../overrides/take-override.ts'

export interface CheckIn {
  readonly waitSeconds: number
  readonly engines: Facts['engines']
  readonly sessions: readonly SessionReport[]
  readonly withoutDocuments: boolean
  readonly signal: AbortSignal
  /** Overrides that were refused before, of this daemon's time. */
  readonly refusedOverrides: Set<string>
}

export interface CheckedIn {
  readonly taken: Taken
  readonly receipt: string | null
}

/** One question and its answer: a fresh lease, and with it the signed time and the contact. @throws whatever refuses it, by code. */
export async function checkIn(
  device: Device,
  { waitSeconds, engines, sessions, withoutDocuments, signal, refusedOverrides }: CheckIn,
): Promise<CheckedIn> {
  const { leases, documents, console } = device
  const { device: _, contactAt: __, package: ___, presence: ____, ...facts } = await factsOf(device, engines)
  const seen = { leaseSeq: leases.floors.seq, timestamp: (await documents.versions()).timestamp, change: leases.contact.change }
  const body: RequestOf<'checkIn'> = { waitSeconds, seen, facts, sessions: [...sessions] }
  const nonce = await leases.question()
  const answer = await withRightTime(device, nonce, () => console.call('checkIn', body, { nonce, signal }))
  const { lease: token, change, timestamp, receipt, overrides = [] } = answer
  const taken = await takeAnswer(device, { token, nonce, timestamp, change, withoutDocuments })
  // The lists of keys may be others by now.
  await device.overrides.load(device.owner, await documents.overrideKeys())
  await takeSent(device, overrides, refusedOverrides)
  return { taken, receipt }
}

/** Takes a lease and says in the journal what came of it. @throws as `takeLease`. */
export async function takeAnswer(device: Device, answer: Parameters<typeof takeLease>[1]): Promise<Taken> {
  try {
    const taken = await takeLease(device, answer)
    await journalTaken(device, taken)
    return taken
  } catch (error) {
    if (error instanceof PolicyError) await device.journal.append({ type: 'lease-refused', data: { code: error.code, message: messageOf(error) } })
    throw error
  }
}

/** A console that finds the time of a proof wrong says the right one, signed and for this question: taken, and asked once more. */
export async function withRightTime<T>(device: Device, nonce: string, ask: () => Promise<T>): Promise<T> {
  try {
    return await ask()
  } catch (error) {
    if (!(error instanceof ConsoleRefusal) || error.code !== 'proof-time' || error.token === undefined) throw error
    const { clock, documents, journal, owner } = device
    const signed = await verifyTimeAnswer(error.token, { keys: await documents.onlineKeys(), issuer: owner.issuer, nonce })
    const from = clock.now
    await clock.replace(signed)
    await journal.append({ type: 'clock-replaced', data: { from, to: signed } })
    return await ask()
  }
}

const noteworthySeconds = 300

async function journalTaken({ journal }: Device, { lease, before, missing, clock }: Taken): Promise<void> {
  if (Math.abs(clock.to - clock.from) > noteworthySeconds) await journal.append({ type: 'clock-replaced', data: clock })
  // A lease comes with every contact, and the console knows those that it issued: only what changed is said.
  if (before === null || meaningOf(before) !== meaningOf(lease)) {
    await journal.append({ type: 'lease-taken', data: { seq: lease.seq, exp: lease.exp, action: lease.action } })
  }
  for (const { path, serial, sha256 } of lease.assign) {
    const old = before?.assign.find((assigned) => assigned.path === path)
    const fault = missing.find(({ desktop }) => desktop === desktopOf({ path }))
    const desktop = desktopOf({ path })
    if (old?.sha256 === sha256) continue
    if (fault === undefined) await journal.append({ type: 'release-taken', data: { desktop, serial, sha256 } })
    else await journal.append({ type: 'release-refused', data: { desktop, code: codeOf(fault.error), message: messageOf(fault.error) } })
  }
}

function meaningOf({ action, assign, claims, offline }: Lease): string {
  return JSON.stringify({ action, claims, offline, assign: assign.map(({ path, sha256, key }) => [path, sha256, key === null]) })
}
