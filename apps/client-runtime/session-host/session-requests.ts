// SPDX-License-Identifier: Apache-2.0
import type { LaunchPlan } from '@casemate/policy/launch-plan'
import type { Hold, SessionRequest, SessionState } from '../local-api.ts'

const closings: Readonly<Record<LaunchPlan['exit'], readonly SessionRequest[]>> = {
  user: ['suspend', 'power-off'],
  suspend: ['suspend'],
  'power-off': ['power-off'],
}

/** Requests that a session would take now. */
export function requestsOf(
  state: SessionState,
  { exit, powerCommands: { pause, reset, powerButton } }: Pick<LaunchPlan, 'exit' | 'powerCommands'>,
  holds: readonly Hold[],
): readonly SessionRequest[] {
  const commands = [pause ? ('pause' as const) : [], reset ? ('reset' as const) : [], powerButton ? ('power-button' as const) : []].flat()
  const resumable = holds.some((reason) => reason === 'user' || reason === 'disk')
  const offered: Readonly<Record<SessionState, readonly SessionRequest[]>> = {
    locked: [],
    preparing: [],
    running: [...commands, ...closings[exit]],
    paused: [...(resumable ? (['resume'] as const) : []), ...closings[exit]],
    ending: [],
    suspended: [],
    blocked: ['power-off'],
  }
  return offered[state]
}
