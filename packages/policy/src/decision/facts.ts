// SPDX-License-Identifier: Apache-2.0
//
// What a decision is made from besides signed documents. The runtime says it of itself and its host; whoever owns the host can forge it.
// So a fact that is unknown, or only observed, keeps every restriction and drops every loosening.
import { z } from 'zod'
import { instant, runtimeVersion, slug, thumbprintText } from '../model/names.ts'
import { settingCapability } from '../model/setting.ts'
import { leaseFloors } from '../trust/lease.ts'
import { hostRules } from './host-wide.ts'
import { hostPosture } from './posture.ts'
import { presence } from './re-authentication.ts'
import { hostNetwork } from './zone.ts'

/** `attested`: shown by something that the host cannot make up, such as an answer under a pinned key. `observed`: read off the host. */
const fact = <T extends z.ZodType>(value: T) => z.strictObject({ value, from: z.enum(['attested', 'observed']) }).nullable()

/** `chipset:q35`: as the engine names what a machine may need. */
const hardwareName = z.string().regex(/^[a-z0-9]+(?:[:_-][a-z0-9]+){0,3}$/)

export const facts = z.strictObject({
  device: z.strictObject({ id: slug, jkt: thumbprintText }),
  runtimeVersion,
  /** The system clock and the floor under it, both Unix seconds; the verified time is an argument of its own. */
  clock: z.strictObject({ system: z.int(), floor: instant }),
  floors: leaseFloors,
  /** Versions of the TUF metadata that was verified last. */
  repository: z.strictObject({ root: z.int().min(1), snapshot: z.int().min(1), timestamp: z.int().min(1) }),
  /** When the console was last heard, signed and nonce-bound; null: not since the lease came. */
  contactAt: instant.nullable(),
  /** Since that contact. */
  sinceContact: z.strictObject({ runtimeMinutes: z.int().min(0), boots: z.int().min(0) }),
  /** The zone in which the host is. */
  network: fact(slug),
  presence,
  /** Of every organisation that this host is enrolled with, as far as the documents of its desktops are here. */
  hostWide: z.array(hostRules).max(1000),
  /** What the runtime sees of the host's network, from which the policies' zones are told; null: nothing. */
  hostNetwork: hostNetwork.nullable(),
  posture: hostPosture,
  /** What this host can run, in the order of preference; only engines that are able to contain a VM. */
  engines: z.array(
    z.strictObject({
      name: z.enum(['qemu', 'v86']),
      capabilities: z.array(settingCapability),
      /** Hardware that it can give beyond what every engine has. */
      hardware: z.array(hardwareName).max(100).exactOptional(),
    }),
  ),
  /** Whether every byte of the package that was looked at matched what was approved (PO-7). */
  package: z.enum(['verified', 'altered']),
})

export type Facts = z.infer<typeof facts>

const instance = z.strictObject({
  name: slug,
  /** Null: not activated on this device. */
  activatedAt: instant.nullable(),
  /** For whose key the instance key is wrapped: a copy that was brought here opens on the device that it was made on, and nowhere else. */
  boundTo: z.enum(['this-device', 'another-device']),
  /** Whether the password opened the instance key; `unset`: the instance has none yet. */
  authentication: z.enum(['passed', 'missing', 'wrong', 'unset']),
  /** Which way of authentication says so. */
  authenticatedBy: z.enum(['password', 'script', 'directory']),
  /** Until when tries are refused. */
  lockedUntil: instant.nullable(),
  /** Of a VM that runs: when its user last showed who they are; null: unknown. */
  authenticatedAt: instant.nullable(),
  /** Of a VM that runs: whether its screen was locked, by what may be over. */
  screenLocked: z.boolean(),
})

/**
 * `power-on` asks whether to start; `continue` asks again for a VM that runs, whose user is past authentication; `show` asks to unlock the
 * screen of one that runs.
 */
export const request = z.strictObject({
  kind: z.enum(['power-on', 'continue', 'show']),
  session: slug,
  instance,
  engine: z.enum(['auto', 'qemu', 'v86']),
})

export type Request = z.infer<typeof request>
