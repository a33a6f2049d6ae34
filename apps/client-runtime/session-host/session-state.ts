// SPDX-License-Identifier: Apache-2.0
//
// States of a session as a table, no default branch.
//
//            unlock             started            held
//   locked --------> preparing --------> running <-------> paused
//                        | <--- reverting --+    released     |
//                        |                  +---- closing ----+
//                        | fault            | fault           v
//                        +----> blocked <---+--------------- ending --> suspended | locked
//                                  |                                    (saved)    (stopped)
//                                  +---- closing ---> ending
import type { SessionState } from '../local-api.ts'

export type SessionStep = 'unlock' | 'started' | 'held' | 'released' | 'closing' | 'saved' | 'stopped' | 'reverting' | 'fault'

/** `stay`: takes it and changes nothing. `never`: a fault in this program. */
type Target = SessionState | 'stay' | 'never'

export const sessionTable: Readonly<Record<SessionState, Readonly<Record<SessionStep, Target>>>> = {
  locked: {
    unlock: 'preparing',
    started: 'never',
    held: 'never',
    released: 'never',
    closing: 'stay',
    saved: 'never',
    stopped: 'stay',
    reverting: 'never',
    fault: 'blocked',
  },
  preparing: {
    unlock: 'never',
    started: 'running',
    held: 'stay',
    released: 'stay',
    closing: 'ending',
    saved: 'never',
    stopped: 'never',
    reverting: 'never',
    fault: 'blocked',
  },
  running: {
    unlock: 'never',
    started: 'never',
    held: 'paused',
    released: 'stay',
    closing: 'ending',
    saved: 'never',
    stopped: 'locked',
    reverting: 'preparing',
    fault: 'blocked',
  },
  paused: {
    unlock: 'never',
    started: 'never',
    held: 'stay',
    released: 'running',
    closing: 'ending',
    saved: 'never',
    stopped: 'locked',
    reverting: 'preparing',
    fault: 'blocked',
  },
  ending: {
    unlock: 'never',
    started: 'never',
    held: 'stay',
    released: 'stay',
    closing: 'stay',
    saved: 'suspended',
    stopped: 'locked',
    reverting: 'never',
    fault: 'blocked',
  },
  suspended: {
    unlock: 'never',
    started: 'never',
    held: 'stay',
    released: 'stay',
    closing: 'stay',
    saved: 'stay',
    stopped: 'stay',
    reverting: 'never',
    fault: 'stay',
  },
  blocked: {
    unlock: 'never',
    started: 'never',
    held: 'stay',
    released: 'stay',
    closing: 'ending',
    saved: 'never',
    stopped: 'stay',
    reverting: 'never',
    fault: 'stay',
  },
}

/** The state after `step`, or null where nothing changes. */
export function after(state: SessionState, step: SessionStep): SessionState | null {
  const target = sessionTable[state][step]
  if (target === 'never') throw new Error(`a session that is \`${state}\` cannot meet \`${step}\``)
  return target === 'stay' ? null : target
}
