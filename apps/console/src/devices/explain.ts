// SPDX-License-Identifier: Apache-2.0
//
// Why a device has the settings that it has under a desktop's published release, as the console can work it out: it does not know in which
// network the device is, so that a rule for one can only tighten here. The device itself may know more (`casemate why`).
import { type Explanation, explain } from '@casemate/policy/explanation'
import { foreseeRefusal } from '@casemate/policy/impact'
import type { Reason } from '@casemate/policy/reason'
import { type Operator, requireRight } from '../access/actor.ts'
import { ConsoleError } from '../error.ts'
import type { Console } from '../organisation/console.ts'
import { assignedReleases } from '../releases/assigned.ts'
import { readKnownDevice } from '../releases/assigned-devices.ts'
import { publishedBefore } from '../releases/preview.ts'
import { requireRow } from './list.ts'

export interface DeviceExplanation {
  readonly device: string
  readonly name: string
  readonly desktop: string
  /** Serial of the newest published release. */
  readonly serial: number
  readonly settings: readonly Explanation[]
  /** Why it would not start, as far as the console knows; empty: nothing is known against it. */
  readonly refused: readonly Reason[]
}

/** @throws ConsoleError `not-found`: no such device, or the desktop is not assigned to it or has no published release. */
export async function explainDevice(
  actor: Operator,
  console: Pick<Console, 'db' | 'now'>,
  { device: id, desktop }: { readonly device: string; readonly desktop: string },
): Promise<DeviceExplanation> {
  requireRight(actor, 'device:see')
  const { db, now } = console
  const row = await requireRow(actor, console, id)
  const assigned = (await assignedReleases(db, row)).some((release) => release.desktop === desktop)
  const published = assigned ? await publishedBefore(console, actor.organisation, desktop) : null
  if (published === null) throw new ConsoleError('not-found', `\`${id}\` has no desktop \`${desktop}\` with a published release`)
  const known = await readKnownDevice(db, row, desktop)
  const circumstances = { claims: known.claims, runtimeVersion: known.runtimeVersion, network: null, now: now() }
  return {
    ...{ device: id, name: row.name, desktop, serial: published.release.serial },
    settings: explain(published.layers, known, circumstances),
    refused: foreseeRefusal(published, known, now()),
  }
}
