// SPDX-License-Identifier: Apache-2.0
//
// Every local call of the client runtime, with its schema. Two doors lead to a session host:
//   viewer  - loopback HTTP and WebSocket for the user's browser; token and origin checked; asks and shows, holds no rule
//   control - unix socket in the session's private runtime folder, for the daemon alone; also takes plans and heartbeats
import { z } from 'zod'

/** Locked: nothing of the instance is open. Blocked: failed closed, see session-host/blocked.ts. */
export const sessionState = z.enum(['locked', 'preparing', 'running', 'paused', 'ending', 'suspended', 'blocked'])
export type SessionState = z.infer<typeof sessionState>

/** Why the CPUs stand still; the VM runs only while nobody holds it. */
export const hold = z.enum(['user', 'disk', 'daemon', 'deadline'])
export type Hold = z.infer<typeof hold>

/** What a user may ask of a session; the plan decides which of them are offered. */
export const sessionRequest = z.enum(['pause', 'resume', 'reset', 'power-button', 'suspend', 'power-off'])
export type SessionRequest = z.infer<typeof sessionRequest>

export const blockedReason = z.strictObject({
  code: z.string(),
  sentence: z.string(),
  nextStep: z.string(),
  /** What was found, for the help desk; names objects and files, never secrets. */
  detail: z.string(),
})
export type BlockedReason = z.infer<typeof blockedReason>

/** `GET /session` */
export const sessionView = z.strictObject({
  session: z.string(),
  instance: z.string(),
  desktop: z.string(),
  package: z.strictObject({ name: z.string(), version: z.string(), sha256: z.string() }),
  engine: z.enum(['qemu', 'v86']),
  state: sessionState,
  holds: z.array(hold),
  /** Set while, and only while, `state` is `blocked`. */
  reason: blockedReason.nullable(),
  /** Requests that would be taken now. */
  requests: z.array(sessionRequest),
  network: z.enum(['none', 'listed']),
  clipboard: z.strictObject({ toGuest: z.boolean(), fromGuest: z.boolean() }),
})
export type SessionView = z.infer<typeof sessionView>

/** `GET /events?after=SEQ` (control): what happened since, oldest first, for the daemon's journal. */
export const sessionEvent = z.strictObject({
  seq: z.int().min(1),
  type: z.string(),
  data: z.record(z.string(), z.union([z.string(), z.number(), z.boolean(), z.null()])),
})
export type SessionEvent = z.infer<typeof sessionEvent>

/** One line on the session host's standard input: base64url, 32 bytes each. Never on the command line, never in a file. */
export const sessionSecrets = z.strictObject({
  packageKey: z.base64url().length(43),
  instanceKey: z.base64url().length(43),
  /** Bearer of the viewer door. */
  viewerToken: z.base64url().length(43),
})

/** `GET /viewer` (control): for a daemon that has been restarted and attaches again. */
export const viewerAddress = z.strictObject({ viewer: z.url(), viewerToken: z.string() })
export type ViewerAddress = z.infer<typeof viewerAddress>

/** One line on the session host's standard output once both doors are open. */
export const sessionReady = z.strictObject({
  ready: z.literal(true),
  pid: z.int(),
  /** Origin of the viewer door; the page is at `/`, the token goes into its fragment. */
  viewer: z.url(),
  control: z.string(),
})
