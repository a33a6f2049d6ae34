// SPDX-License-Identifier: Apache-2.0
import { PolicyError } from '@casemate/policy/error'
import { parsePolicyYaml } from '@casemate/policy/policy'
import { failureWords, runPolicyTests } from '@casemate/policy/policy-tests'
import { z } from 'zod'
import { type Operator, requireRight } from '../access/actor.ts'

export interface PolicyFault {
  /** Into the document; empty: the text as a whole. */
  readonly path: readonly (string | number)[]
  readonly message: string
}

/** What staging would say of a text, a field or a test at a time; nothing is kept. */
export function checkPolicyText(actor: Operator, yaml: string): { readonly ok: boolean; readonly errors: readonly PolicyFault[] } {
  requireRight(actor, 'catalogue:see')
  try {
    const failures = runPolicyTests(parsePolicyYaml(yaml))
    return { ok: failures.length === 0, errors: failures.map((failure) => ({ path: ['tests', failure.index], message: failureWords(failure) })) }
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
