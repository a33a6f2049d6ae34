// SPDX-License-Identifier: Apache-2.0
import { slug } from '@casemate/policy/names'
import { overrideGrant } from '@casemate/policy/override'
import { z } from 'zod'
import { allowMove } from '../src/help-desk/allow-move.ts'
import { grantOverride } from '../src/help-desk/grant-override.ts'
import { listOverrides } from '../src/help-desk/list-overrides.ts'
import { readOutRescueCode } from '../src/help-desk/rescue-codes.ts'
import type { Console } from '../src/organisation/console.ts'
import { call } from './call.ts'

/** At most a year. */
const lifetimeSeconds = z.int().min(60).max(31_622_400)
/** Whose instance moves is for `allow-move` to look up. */
const wanted = overrideGrant.refine(({ kind }) => kind !== 'move', 'expected another kind: moves are granted by `allow-move`')
const wantedOverride = z.strictObject({ device: slug, desktop: slug, wanted, lifetimeSeconds })
const wantedMove = z.strictObject({ device: slug, desktop: slug, instance: slug, from: slug, lifetimeSeconds })

/** What is granted to one device beyond its policies. */
export function helpDeskCalls(console: Console) {
  return {
    'grant-override': call(wantedOverride, (actor, wanted) => grantOverride(actor, console, wanted)),
    'allow-move': call(wantedMove, (actor, move) => allowMove(actor, console, move)),
    'list-overrides': call(z.strictObject({ device: slug }), async (actor, { device }) => ({
      overrides: await listOverrides(actor, console, device),
    })),
    'read-out-rescue-code': call(z.strictObject({ request: z.string().max(200) }), (actor, { request }) =>
      readOutRescueCode(actor, console, request),
    ),
  }
}
