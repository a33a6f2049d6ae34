// SPDX-License-Identifier: Apache-2.0
//
// What the user of an instance tells its guest: kept beside the instance, outside its package and in clear, and told as far as the policies of
// each moment list its name.
import { z } from 'zod'
import { readState, writeState } from '../../daemon/state-file.ts'
import type { InstanceLayout } from '../../layout.ts'
import { guestInfoName, guestInfoText } from '../../local-api.ts'
import { GuestInfoError } from './error.ts'
import { isFixed } from './fixed-keys.ts'

const MOST_VALUES = 64
const stored = z.strictObject({
  format: z.literal('casemate-guest-info-1'),
  values: z.array(z.strictObject({ name: guestInfoName, value: guestInfoText })).max(MOST_VALUES),
})

type Kept = Pick<InstanceLayout, 'guestInfo'>

export async function readSetValues({ guestInfo }: Kept): Promise<ReadonlyMap<string, string>> {
  return new Map((await readState(guestInfo, stored))?.values.map(({ name, value }) => [name, value]))
}

/** @param value null: no longer. @throws GuestInfoError `info-fixed`, `info-unknown`, `info-too-many` */
export async function changeSetValue(kept: Kept, name: string, value: string | null): Promise<void> {
  if (isFixed(name)) throw new GuestInfoError('info-fixed', `\`${name}\` is what the runtime itself says`)
  const values = new Map(await readSetValues(kept))
  if (value === null) {
    if (!values.delete(name)) throw new GuestInfoError('info-unknown', `nothing is set as \`${name}\``)
  } else values.set(name, value)
  if (values.size > MOST_VALUES) throw new GuestInfoError('info-too-many', `at most ${MOST_VALUES} values are set for a desktop`)
  const list = [...values].map(([key, text]) => ({ name: key, value: text })).sort((one, other) => (one.name < other.name ? -1 : 1))
  await writeState(kept.guestInfo, { format: 'casemate-guest-info-1', values: list })
}
