// SPDX-License-Identifier: Apache-2.0
//
// What a journal may say: a closed list, so that a report can be read by a program years later, and holds nothing that it should not
// (no key, no password, no content of the guest).
import { z } from 'zod'
import { instant, overrideId, runtimeVersion, sha256Text, slug, thumbprintText } from '../model/names.ts'

const text = z.string().max(500)
const session = { session: slug, instance: slug, desktop: slug }
const code = z
  .string()
  .regex(/^[a-z0-9]+(?:-[a-z0-9]+)*$/)
  .max(64)
/** Ids of what the plan counts in (PO-22); absent: nothing. */
const overrides = z.array(overrideId).max(256).optional()
const event = <T extends string, S extends z.ZodRawShape>(type: T, shape: S) => z.strictObject({ type: z.literal(type), data: z.strictObject(shape) })

export const journalEvent = z.discriminatedUnion('type', [
  event('runtime-started', { runtimeVersion }),
  event('runtime-stopped', {}),
  event('enrolled', { organisation: slug, rootSha256: sha256Text }),
  event('lease-taken', { seq: z.int().min(1), exp: instant, action: z.enum(['run', 'suspend']) }),
  event('lease-refused', { code, message: text }),
  event('release-taken', { desktop: slug, serial: z.int().min(1), sha256: sha256Text }),
  /** By hand; `sha256` is that of the package's manifest. */
  event('imported', { desktop: slug, serial: z.int().min(1), sha256: sha256Text }),
  event('release-refused', { desktop: slug, code, message: text }),
  event('clock-replaced', { from: instant, to: instant }),
  event('clock-behind', { system: z.int(), floor: instant }),
  /** PO-22; `exp` is its end. */
  event('override-taken', { id: overrideId, desktop: slug, kind: z.enum(['extension', 'exception', 'reset', 'move']), exp: instant }),
  event('override-refused', { code, message: text }),
  /** PO-21; `exp` is its end unless it is left before. */
  event('administrator-mode-entered', { id: overrideId, desktop: slug, exp: instant, settings: z.array(code).max(16) }),
  event('administrator-mode-refused', { desktop: slug, failed: z.int().min(1) }),
  event('administrator-mode-left', { desktop: slug }),
  event('administrator-mode-ended', { desktop: slug }),
  /** `sha256` is that of the commitment, `seq` of the lease that carried it. */
  event('rescue-used', { desktop: slug, instance: slug, problem: z.enum(['expired', 'offline', 'locked']), seq: z.int().min(1), sha256: sha256Text }),
  event('eula-accepted', { desktop: slug, sha256: sha256Text }),
  event('activated', { instance: slug, desktop: slug }),
  event('activation-refused', { desktop: slug, code }),
  event('password-set', { instance: slug }),
  /** By `grant` of a help desk, null before they were asked for; with shares of the administrators whose keys these are. */
  event('password-reset', { instance: slug, grant: overrideId.nullable(), keys: z.array(thumbprintText).max(16) }),
  /** PO-6: by `grant` of a help desk, from the device that it was made on, with shares of the administrators whose keys these are. */
  event('instance-rebound', { instance: slug, desktop: slug, from: slug, grant: overrideId, keys: z.array(thumbprintText).max(16) }),
  event('instance-imported', { instance: slug, desktop: slug }),
  event('escrow-made', { instance: slug, threshold: z.int().min(2), shares: z.int().min(2) }),
  event('password-wrong', { instance: slug, failed: z.int().min(1) }),
  event('decided', {
    ...{ ...session, allowed: z.boolean(), serial: z.int().min(1), reasons: z.array(code).max(32), planSha256: sha256Text.nullable() },
    overrides,
  }),
  event('session-state', {
    ...session,
    state: z.enum(['locked', 'preparing', 'running', 'paused', 'suspended', 'ending', 'ended', 'blocked']),
    code: code.nullable(),
  }),
  event('policy-applied', { ...session, serial: z.int().min(1), planSha256: sha256Text, actions: z.array(code).max(32), overrides }),
  event('observed', { ...session, fields: z.record(code, text) }),
  event('package-altered', { desktop: slug, object: sha256Text, repaired: z.boolean() }),
  event('network-refused', { session: slug, protocol: z.enum(['tcp', 'udp', 'icmp', 'other']), to: text }),
  event('clipboard-refused', { session: slug, direction: z.enum(['to-guest', 'from-guest']), bytes: z.int().min(0) }),
  /** How often something happened since the device was enrolled; repeated events become such lines. Never falls. */
  event('count', { of: code, count: z.int().min(0) }),
])

export type JournalEvent = z.infer<typeof journalEvent>
