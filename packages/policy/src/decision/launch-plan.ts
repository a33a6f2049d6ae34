// SPDX-License-Identifier: Apache-2.0
//
// The complete instructions of a decision. Whoever executes a plan has no choice left; it carries no secret.
import { z } from 'zod'
import { accessMembers, closedAccess } from './plan/access.ts'
import { closedDevices, deviceMembers } from './plan/devices.ts'
import { closedMachine, machineMembers } from './plan/machine.ts'
import { plannedNetwork } from './plan/network.ts'
import { noQuarantine, quarantineMembers } from './plan/quarantine.ts'

const sha256Hex = z.string().regex(/^[0-9a-f]{64}$/)
const slug = z.string().regex(/^[a-z0-9](?:[a-z0-9-]{0,62}[a-z0-9])?$/)
const seconds = z.int().min(0)

const clipboardDirection = z.strictObject({ allowed: z.boolean(), maxBytes: z.int().min(0).max(1_048_576) })

export const launchPlan = z.strictObject({
  format: z.literal('casemate-launch-plan-2'),
  session: slug,
  instance: slug,
  desktop: slug,
  package: z.strictObject({ name: slug, version: z.string().min(1).max(64), sha256: sha256Hex }),
  engine: z.enum(['qemu', 'v86']),
  memoryMiB: z.int().min(16).max(1_048_576),
  network: plannedNetwork,
  ...quarantineMembers,
  clipboard: z.strictObject({ toGuest: clipboardDirection, fromGuest: clipboardDirection }),
  serial: z.enum(['none', 'captured']),
  /** What closing the session does; `user` leaves the choice between suspend and power off. */
  exit: z.enum(['user', 'suspend', 'power-off']),
  ...deviceMembers,
  ...machineMembers,
  ...accessMembers,
  /** Unix seconds on the runtime's verified clock; null: never. */
  deadlines: z.strictObject({ warnAt: seconds.nullable(), restrictAt: seconds.nullable(), suspendAt: seconds.nullable() }),
  /** Of the overrides and rescue codes (PO-22) that are counted in; absent: none. They say why, and allow nothing themselves. */
  overrides: z
    .array(z.string().regex(/^[A-Za-z0-9_-]{22}$/))
    .min(1)
    .max(256)
    .optional(),
  /** As the release says it; absent: no former system disk is kept, and a session of another package goes on. */
  update: z.strictObject({ keep: z.int().min(0).max(8), forceAt: seconds.nullable() }).optional(),
})

export type LaunchPlan = z.infer<typeof launchPlan>

/** The part of a plan that lets something be: all of it shut. What is not decided by policies, such as a recorded boot, begins with it. */
export const closedPlan = {
  format: 'casemate-launch-plan-2',
  network: { mode: 'none' },
  clipboard: { toGuest: { allowed: false, maxBytes: 0 }, fromGuest: { allowed: false, maxBytes: 0 } },
  serial: 'none',
  exit: 'power-off',
  ...noQuarantine,
  ...closedDevices,
  ...closedMachine,
  ...closedAccess,
  deadlines: { warnAt: null, restrictAt: null, suspendAt: null },
} as const satisfies Partial<LaunchPlan>
