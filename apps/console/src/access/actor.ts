// SPDX-License-Identifier: Apache-2.0
//
// Who acts. Every store takes the actor first and asks here in its first line; nothing is allowed because of where a call came from.
import type { EcPublicJwk } from '@casemate/policy/jwk'
import { ConsoleError } from '../error.ts'

export const rights = [
  'activation:set',
  'approval:give',
  'approval:see',
  'audit:see',
  'catalogue:see',
  'desktop:assign',
  'device:enrol',
  'device:see',
  'device:suspend',
  'escrow:export',
  'machine:author',
  'override:grant',
  'package:stage',
  'policy:stage',
  'release:stage',
  'tpm-authority:manage',
  'user:manage',
] as const

export type Right = (typeof rights)[number]

export interface Operator {
  readonly kind: 'operator'
  readonly organisation: string
  /** Row of `users`. */
  readonly user: string
  /** As the audit names them. */
  readonly name: string
  readonly rights: ReadonlySet<Right>
  /** Acts through a session, in pages that the console serves. */
  readonly inPages?: true
}

/** An enrolled computer whose proof was verified for the call at hand. */
export interface DeviceActor {
  readonly kind: 'device'
  readonly organisation: string
  readonly device: string
  readonly jkt: string
  readonly signingKey: EcPublicJwk
}

export type Actor = Operator | DeviceActor

/** @throws ConsoleError `right-missing` */
export function requireRight(actor: Operator, right: Right): void {
  if (!actor.rights.has(right)) throw new ConsoleError('right-missing', `\`${actor.name}\` may not \`${right}\``)
}

/**
 * A device acts for itself and for nobody else.
 * @throws ConsoleError `device-unknown`
 */
export function requireDevice(actor: DeviceActor, organisation: string): void {
  if (actor.kind !== 'device' || actor.organisation !== organisation) {
    throw new ConsoleError('device-unknown', `expected a device of \`${organisation}\``)
  }
}

export const actorName = (actor: Actor): string => (actor.kind === 'operator' ? `operator:${actor.name}` : `device:${actor.device}`)
