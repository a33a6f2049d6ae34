// SPDX-License-Identifier: Apache-2.0
import type { LaunchPlan } from '@casemate/policy/launch-plan'
import type { Phase } from './deadlines.ts'

/** What the running VM may do this moment. */
export interface InForce {
  readonly clipboard: LaunchPlan['clipboard']
  readonly allow: Extract<LaunchPlan['network'], { mode: 'listed' }>['allow']
}

const CLOSED = { allowed: false, maxBytes: 0 }

/** The plan, or once its restricting deadline has passed no network and no clipboard. */
export function inForce(plan: Pick<LaunchPlan, 'clipboard' | 'network'>, phase: Phase): InForce {
  if (phase === 'restricted' || phase === 'over') return { clipboard: { toGuest: CLOSED, fromGuest: CLOSED }, allow: [] }
  return { clipboard: plan.clipboard, allow: plan.network.mode === 'listed' ? plan.network.allow : [] }
}
