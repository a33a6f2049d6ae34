// SPDX-License-Identifier: Apache-2.0
import { z } from 'zod'
import { directoryName } from '../src/model/names.ts'
import { catalogue } from '../src/model/settings.ts'
import { decideActivation } from '../src/trust/activation.ts'
import { type ActivationScenario, activationScenarios } from './scenarios/activation.ts'

const input = z.strictObject({
  settings: z.strictObject({
    activation: catalogue.activation.value,
    'activation-users': catalogue['activation-users'].value,
    'activation-instances': catalogue['activation-instances'].value,
  }),
  claims: z.strictObject({ user: directoryName.nullable(), groups: z.array(directoryName) }),
  presented: z.discriminatedUnion('kind', [
    z.strictObject({ kind: z.literal('none') }),
    z.strictObject({ kind: z.literal('password'), right: z.boolean() }),
    z.strictObject({ kind: z.literal('key'), usesLeft: z.int() }),
  ]),
  otherInstances: z.int(),
  totalLeft: z.int().nullable(),
})

const decision = z.union([
  z.strictObject({ allowed: z.literal(true), usesKey: z.boolean() }),
  z.strictObject({ allowed: z.literal(false), code: z.string(), message: z.string() }),
])

export const activationVector = z.strictObject({ name: z.string(), about: z.string(), rows: z.array(z.string()), input, decision })

/** File name and text of every vector of `decideActivation`. */
export function allActivationVectors(): ReadonlyMap<string, string> {
  const vectors = new Map<string, string>()
  for (const { name, about, attempt, expect } of activationScenarios) {
    if (vectors.has(`${name}.json`)) throw new Error(`two scenarios are called \`${name}\``)
    const made = decideActivation(attempt)
    const [found, wanted] = [made.allowed ? `uses a key: ${made.usesKey}` : made.code, wantedOf(expect)]
    if (found !== wanted) throw new Error(`\`${name}\`: expected \`${wanted}\`, found \`${found}\``)
    const vector = activationVector.parse({ name, about, rows: ['PO-1'], input: attempt, decision: made })
    vectors.set(`${name}.json`, `${JSON.stringify(vector, null, 1)}\n`)
  }
  return vectors
}

function wantedOf(expect: ActivationScenario['expect']): string {
  return 'refused' in expect ? expect.refused : `uses a key: ${expect.usesKey}`
}
