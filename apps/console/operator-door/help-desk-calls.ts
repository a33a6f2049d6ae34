// SPDX-License-Identifier: Apache-2.0
import { slug } from '@casemate/policy/names'
import { overrideGrant } from '@casemate/policy/override'
import { z } from 'zod'
import { grantOverride } from '../src/help-desk/grant-override.ts'
import { listOverrides } from '../src/help-desk/list-overrides.ts'
import { readOutRescueCode } from '../src/help-desk/rescue-codes.ts'
import type { Console } from '../src/organisation/console.ts'
import { call } from './call.ts'

const wantedOverride = z.strictObject({
  ...{ device: slug, desktop: slug, wanted: overrideGrant },
  /** At most a year. */
  lifetimeSeconds: z.int().min(60).max(31_622_400),
})

/** What is granted to one device beyond its policies. */
export function helpDeskCalls(console: Console) {
  return {
    'grant-override': call(wantedOverride, (actor, wanted) => grantOverride(actor, console, wanted)),
    'list-overrides': call(z.strictObject({ device: slug }), async (actor, { device }) => ({
      overrides: await listOverrides(actor, console, device),
    })),
    'read-out-rescue-code': call(z.strictObject({ request: z.string().max(200) }), (actor, { request }) =>
      readOutRescueCode(actor, console, request),
    ),
  }
}
