// SPDX-License-Identifier: Apache-2.0
import { isDeepStrictEqual } from 'node:util'
import { z } from 'zod'
import { launchPlan } from '../src/decision/launch-plan.ts'
import { type LiveAction, liveActions } from '../src/decision/live.ts'
import { runVector } from './build.ts'
import { inputOf, vectorInput } from './scenario.ts'
import { type LiveScenario, liveScenarios } from './scenarios/live.ts'

export const liveVector = z.strictObject({
  ...{ name: z.string(), about: z.string(), rows: z.array(z.string()) },
  input: vectorInput.extend({ running: launchPlan }),
  actions: z.array(z.looseObject({ do: z.string() })),
})

/** What a second reader does: decide, then compare with the plan that is in force. */
export function runLiveVector({ running, ...input }: z.infer<typeof liveVector>['input']): readonly LiveAction[] {
  return liveActions(running, runVector(input), input.now)
}

/** File name and text of every vector of `liveActions`. */
export function allLiveVectors(): ReadonlyMap<string, string> {
  const vectors = new Map<string, string>()
  for (const { name, about, rows, running, decided, expect } of liveScenarios) {
    if (vectors.has(`${name}.json`)) throw new Error(`two scenarios are called \`${name}\``)
    const started = runVector(inputOf(running))
    if (!started.allowed) throw new Error(`\`${name}\`: expected a plan in force, found ${started.reasons.map(({ code }) => code).join()}`)
    const input = { ...inputOf(decided), running: started.plan }
    input.request.kind = 'continue'
    const actions = runLiveVector(input)
    const fault = faultOf(expect, actions)
    if (fault !== undefined) throw new Error(`\`${name}\`: ${fault}`)
    const vector = liveVector.parse({ name, about, rows, input, actions })
    vectors.set(`${name}.json`, `${JSON.stringify(vector, null, 1)}\n`)
  }
  return vectors
}

/** A suspension is written down by its reason alone. */
function faultOf(expect: LiveScenario['expect'], actions: readonly LiveAction[]): string | undefined {
  const found = actions.map((action) => (action.do === 'suspend' ? { do: action.do, reasons: action.reasons.map(({ code }) => code) } : action))
  return isDeepStrictEqual(found, expect) ? undefined : `expected ${JSON.stringify(expect)}, found ${JSON.stringify(found)}`
}
