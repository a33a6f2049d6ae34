// SPDX-License-Identifier: Apache-2.0
import type { Decision } from '@casemate/policy/decision'
import type { LaunchPlan } from '@casemate/policy/launch-plan'
import { type LiveAction, liveActions, planWhileRunning } from '@casemate/policy/live-action'
import type { Reason } from '@casemate/policy/reason'

/** What a new decision means for a VM that runs. */
export type Change =
  | { readonly kind: 'none'; readonly warned: boolean; readonly waiting: readonly string[] }
  | {
      readonly kind: 'replan'
      readonly plan: LaunchPlan
      readonly actions: readonly string[]
      readonly warned: boolean
      readonly waiting: readonly string[]
    }
  | { readonly kind: 'suspend'; readonly reasons: readonly Reason[] }

/** The plan that is sent keeps what a running VM cannot change; the rest of the decision is in force at once. */
export function changeFor(running: LaunchPlan, decision: Decision, now: number): Change {
  const actions = liveActions(running, decision, now)
  const suspend = actions.find((action) => action.do === 'suspend')
  if (suspend !== undefined) return { kind: 'suspend', reasons: suspend.reasons }
  if (!decision.allowed) return { kind: 'suspend', reasons: decision.reasons }
  const warned = actions.some((action) => action.do === 'warn')
  const waiting = actions.flatMap((action) => (action.do === 'wait-for-restart' ? action.fields : []))
  const live = actions.filter(isLive)
  if (live.length === 0) return { kind: 'none', warned, waiting }
  return {
    kind: 'replan',
    plan: planWhileRunning(running, decision.plan),
    actions: live.map((action) => action.do),
    warned,
    waiting,
  }
}

function isLive(action: LiveAction): boolean {
  return action.do !== 'warn' && action.do !== 'wait-for-restart'
}
