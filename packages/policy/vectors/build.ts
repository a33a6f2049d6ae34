// SPDX-License-Identifier: Apache-2.0
import { isDeepStrictEqual } from 'node:util'
import { type Decision, decide } from '../src/decision/decide.ts'
import { layPolicies } from '../src/decision/merge.ts'
import { inputOf, type Scenario, type VectorInput } from './scenario.ts'
import { accessScenarios } from './scenarios/access.ts'
import { administratorScenarios } from './scenarios/administrator.ts'
import { authenticationModeScenarios } from './scenarios/authentication-modes.ts'
import { deviceScenarios } from './scenarios/devices.ts'
import { expiryTextScenarios } from './scenarios/expiry-texts.ts'
import { hostScenarios } from './scenarios/host.ts'
import { hostDesktopScenarios } from './scenarios/host-desktops.ts'
import { layerScenarios } from './scenarios/layers.ts'
import { machineScenarios } from './scenarios/machine.ts'
import { orderScenarios } from './scenarios/order.ts'
import { overrideScenarios } from './scenarios/overrides.ts'
import { reAuthenticationScenarios } from './scenarios/re-authentication.ts'
import { sessionScenarios } from './scenarios/session.ts'
import { trustScenarios } from './scenarios/trust.ts'

export const scenarios: readonly Scenario[] = [
  ...trustScenarios,
  ...accessScenarios,
  ...authenticationModeScenarios,
  ...reAuthenticationScenarios,
  ...expiryTextScenarios,
  ...machineScenarios,
  ...deviceScenarios,
  ...hostScenarios,
  ...sessionScenarios,
  ...hostDesktopScenarios,
  ...layerScenarios,
  ...orderScenarios,
  ...overrideScenarios,
  ...administratorScenarios,
]

/** File name and text of every vector. */
export function allVectors(): ReadonlyMap<string, string> {
  const vectors = new Map<string, string>()
  for (const scenario of scenarios) {
    const file = `${scenario.name}.json`
    if (vectors.has(file)) throw new Error(`two scenarios are called \`${scenario.name}\``)
    const input = inputOf(scenario)
    const decision = runVector(input)
    const fault = faultOf(scenario, decision)
    if (fault !== undefined) throw new Error(`\`${scenario.name}\`: ${fault}`)
    const { name, about, rows } = scenario
    vectors.set(file, `${JSON.stringify({ name, about, rows, input, decision }, null, 1)}\n`)
  }
  return vectors
}

export function runVector({ release, policies, lease, facts, request, now, overrides }: VectorInput): Decision {
  return decide(release, layPolicies(release.document, policies), lease, facts, request, now, overrides)
}

function faultOf({ expect }: Scenario, decision: Decision): string | undefined {
  if (typeof expect === 'string') {
    const found = decision.allowed ? 'allowed' : [...new Set(decision.reasons.map(({ code }) => code))].join()
    return found === expect ? undefined : `expected \`${expect}\`, found \`${found}\``
  }
  if (!decision.allowed) return `expected a plan, found \`${decision.reasons.map(({ code }) => code).join()}\``
  const found: Readonly<Record<string, unknown>> = decision.plan
  const { suspendAt } = decision.plan.deadlines
  if (expect.suspendAt !== undefined && expect.suspendAt !== suspendAt) return `expected suspendAt ${expect.suspendAt}, found ${suspendAt}`
  const wrong = Object.entries(expect.plan).filter(([field, wanted]) => !isDeepStrictEqual(found[field], wanted))
  return wrong.length === 0
    ? undefined
    : wrong.map(([field, wanted]) => `expected ${field} ${JSON.stringify(wanted)}, found ${JSON.stringify(found[field])}`).join('; ')
}
