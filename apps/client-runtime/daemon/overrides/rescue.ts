// SPDX-License-Identifier: Apache-2.0
//
// Help by telephone: a request that says what is wrong, and the code that mends it. What cannot be mended so is not asked for, and a code is
// burnt before it helps.
import { settingOf } from '@casemate/policy/decision'
import type { Facts } from '@casemate/policy/facts'
import { problemOf } from '@casemate/policy/loosening'
import { noTries } from '@casemate/policy/password'
import type { Reason } from '@casemate/policy/reason'
import { type RescueProblem, writeRescueRequest } from '@casemate/policy/rescue-code'
import { type Device, factsOf } from '../device.ts'
import { readDesktop } from '../documents/desktop-documents.ts'
import { RuntimeError } from '../error.ts'
import { type InstanceRecord, writeInstance } from '../instances/instance-store.ts'
import { readBytes } from '../state-file.ts'

export interface RescueOffer {
  readonly problem: RescueProblem
  /** To be read out. */
  readonly request: string
}

/** Null: none of the reasons can be mended by a code of this lease, or the policies do not let a help desk do so. */
export async function offerRescue(
  device: Device,
  engines: Facts['engines'],
  desktop: string,
  reasons: readonly Reason[],
): Promise<RescueOffer | null> {
  const { leases, documents, clock, overrides } = device
  const { lease } = leases
  const [problem] = reasons.flatMap(({ code }) => problemOf(code) ?? [])
  if (lease === null || problem === undefined) return null
  if (!lease.rescue.some((commitment) => commitment.problem === problem && !overrides.wasUsed(commitment.sha256))) return null
  const held = await readDesktop(documents.place, desktop, lease).catch(() => undefined)
  if (held === undefined) return null
  const { rescue } = settingOf(held.layers, lease, await factsOf(device, engines), clock.now)('overrides')
  return rescue.includes(problem) ? { problem, request: await writeRescueRequest({ device: lease.sub, seq: lease.seq, problem }) } : null
}

/** @throws PolicyError as `verifyRescueCode`: nothing is burnt then. */
export async function useRescueCode(device: Device, record: InstanceRecord, { problem }: RescueOffer, code: string): Promise<void> {
  const { clock, documents, journal, layout, leases, overrides, owner } = device
  const { lease } = leases
  const token = (await readBytes(layout.lease))?.toString('utf8')
  if (lease === null || token === undefined) throw new RuntimeError('rescue-none', 'this computer has no permission that a code could belong to')
  const { desktop, instance } = record
  const used = { lease: token, code, problem, desktop, at: clock.now }
  const { sha256 } = await overrides.useCode(used, lease, owner, await documents.overrideKeys())
  await journal.append({ type: 'rescue-used', data: { desktop, instance, problem, seq: lease.seq, sha256 } })
  if (problem === 'locked') await writeInstance(layout, { ...record, tries: noTries })
}
