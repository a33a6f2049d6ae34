// SPDX-License-Identifier: Apache-2.0
import { PolicyError } from '@casemate/policy/error'
import { parsePolicyYaml } from '@casemate/policy/policy'
import { z } from 'zod'
import { type Operator, requireRight } from '../access/actor.ts'

export interface PolicyFault {
  /** Into the document; empty: the text as a whole. */
  readonly path: readonly (string | number)[]
  readonly message: string
}

/** What staging would say of a text, a field at a time; nothing is kept. */
export function checkPolicyText(actor: Operator, yaml: string): { readonly ok: boolean; readonly errors: readonly PolicyFault[] } {
  requireRight(actor, 'catalogue:see')
  try {
    parsePolicyYaml(yaml)
    return { ok: true, errors: [] }
  } catch (error) {
    if (!(error instanceof PolicyError)) throw error
    const { cause } = error
    const errors =
      cause instanceof z.ZodError
        ? cause.issues.map(({ path, message }) => ({ path: path.map((part) => (typeof part === 'number' ? part : String(part))), message }))
        : [{ path: [], message: error.message }]
    return { ok: false, errors }
  }
}
