// SPDX-License-Identifier: Apache-2.0
import { type Operator, rights } from '../access/actor.ts'

/** Whoever may open the operator door's socket on this computer: the owner of the data folder, who has every right. */
export const localOperator = {
  user: 'local-operator',
  name: 'local-operator',
  of: (organisation: string): Operator => ({
    kind: 'operator',
    organisation,
    user: 'local-operator',
    name: 'local-operator',
    rights: new Set(rights),
  }),
} as const
