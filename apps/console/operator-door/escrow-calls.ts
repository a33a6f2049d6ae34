// SPDX-License-Identifier: Apache-2.0
import { slug } from '@casemate/policy/names'
import { z } from 'zod'
import { exportEscrow, listEscrow } from '../src/escrow/read.ts'
import type { Console } from '../src/organisation/console.ts'
import { call } from './call.ts'

/** Shares of instance keys that devices gave to be kept. */
export function escrowCalls(console: Console) {
  return {
    'list-escrow': call(z.strictObject({ device: slug }), (actor, { device }) => listEscrow(actor, console, device)),
    'export-escrow': call(z.strictObject({ device: slug, instance: slug, recipient: slug.nullable() }), (actor, wanted) =>
      exportEscrow(actor, console, wanted),
    ),
  }
}
