// SPDX-License-Identifier: Apache-2.0
//
// What a role may do: the one table. A user has the rights of all of its roles together.
import { z } from 'zod'
import { type Right, rights } from './actor.ts'

const seeing = ['approval:see', 'catalogue:see', 'device:see'] as const satisfies readonly Right[]

export const roleNames = ['administrator', 'author', 'publisher', 'help-desk', 'auditor'] as const
export type RoleName = (typeof roleNames)[number]

const rightsOfRole: Readonly<Record<RoleName, readonly Right[]>> = {
  administrator: rights,
  author: [...seeing, 'machine:author', 'package:stage', 'policy:stage', 'release:stage'],
  publisher: [...seeing, 'approval:give', 'desktop:assign', 'activation:set', 'audit:see'],
  'help-desk': [...seeing, 'device:enrol', 'device:suspend', 'activation:set', 'override:grant', 'escrow:export'],
  auditor: [...seeing, 'audit:see'],
}

const stored = z.array(z.enum(roleNames))

/** @param roles as the database has them; anything else than names of roles gives no right at all. */
export function rightsOf(roles: unknown): ReadonlySet<Right> {
  const parsed = stored.safeParse(roles)
  return new Set(parsed.success ? parsed.data.flatMap((role) => rightsOfRole[role]) : [])
}
