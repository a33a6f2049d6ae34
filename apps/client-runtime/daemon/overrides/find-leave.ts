// SPDX-License-Identifier: Apache-2.0
//
// Overrides that let something be done once: the reset of a password, the move of an instance. Taken, in force, not used, and within what the
// policies allow now; which is burnt on the disk before it helps.
import { settingOf } from '@casemate/policy/decision'
import { isAllowed, isInForce } from '@casemate/policy/loosening'
import type { Override } from '@casemate/policy/override'
import { reason } from '@casemate/policy/reason'
import { type Device, factsOf } from '../device.ts'
import { readDesktop } from '../documents/desktop-documents.ts'
import { RuntimeError } from '../error.ts'
import { refusalOf } from '../instances/activate.ts'
import type { InstanceRecord } from '../instances/instance-store.ts'

type Loosening = Device['overrides']['granted'][number]
export type ResetLeave = Extract<Override, { readonly kind: 'reset' }>
export type MoveLeave = Extract<Override, { readonly kind: 'move' }>

export const isReset = (one: Loosening): one is ResetLeave => one.kind === 'reset'

/**
 * @throws RuntimeError `grant-missing` (the help desk granted none for this instance, or it is over or used), `grant-refused` (the policies
 * do not allow it), `refused`.
 */
export async function findLeave<L extends ResetLeave | MoveLeave>(
  device: Device,
  { instance, desktop }: InstanceRecord,
  is: (one: Loosening) => one is L,
): Promise<L> {
  const { clock, documents, leases, overrides } = device
  const { lease } = leases
  const held = lease === null ? undefined : await readDesktop(documents.place, desktop, lease)
  if (lease === null || held === undefined) throw refusalOf([lease === null ? reason('lease-missing') : reason('desktop-not-assigned', { desktop })])
  const { now } = clock
  const found = overrides.granted
    .filter(is)
    .find((one) => one.grant.instance === instance && isInForce(one, lease, desktop, now) && !overrides.wasSpent(one.id))
  if (found === undefined) throw new RuntimeError('grant-missing', `the help desk has granted nothing of the kind for \`${instance}\`, or it is over`)
  const setting = settingOf(held.layers, lease, await factsOf(device, []), now)
  if (!isAllowed(found, { overrides: setting('overrides'), 'moved-instances': setting('moved-instances') })) {
    throw new RuntimeError('grant-refused', `the policies of \`${desktop}\` do not let a help desk grant this`)
  }
  return found
}
