// SPDX-License-Identifier: Apache-2.0
//
// One lifecycle for every backend: a table of state x request, no default branch.
//
//                 start             pause
//   (open) prepared ----> running <=======> paused
//              |            |  ^    resume    |
//              |      disk  |  | resume       |
//              |      error v  |              |
//              |           starved            |
//              |            |                 |
//              +--- stop ---+----- stop ------+---> stopped
//                           +---- suspend ----+---> suspended
//
//   `snapshot` is taken of a running VM, which runs on. Any state with a process may fall to `failed` when that process dies unasked.
import { EngineError } from './error.ts'

/**
 * prepared: process up, CPUs have never run. starved: the engine stopped the CPUs because a disk read failed;
 * `resume` retries that read. suspended, stopped, failed: the process is gone.
 */
export type VmState = 'prepared' | 'running' | 'paused' | 'starved' | 'suspended' | 'stopped' | 'failed'

/** Whether the process is gone. */
export function isOver(state: VmState): state is 'suspended' | 'stopped' | 'failed' {
  return state === 'suspended' || state === 'stopped' || state === 'failed'
}

export type VmRequest = 'start' | 'pause' | 'resume' | 'reset' | 'power-button' | 'suspend' | 'snapshot' | 'stop'

/** A state: go there. `stay`: allowed, nothing to do. `refuse`: an EngineError `lifecycle-refused`. */
export type Step = VmState | 'stay' | 'refuse'

export const lifecycle: Readonly<Record<VmState, Readonly<Record<VmRequest, Step>>>> = {
  prepared: {
    start: 'running',
    pause: 'refuse',
    resume: 'refuse',
    reset: 'refuse',
    'power-button': 'refuse',
    suspend: 'refuse',
    snapshot: 'refuse',
    stop: 'stopped',
  },
  running: {
    start: 'refuse',
    pause: 'paused',
    resume: 'stay',
    reset: 'running',
    'power-button': 'running',
    suspend: 'suspended',
    snapshot: 'running',
    stop: 'stopped',
  },
  paused: {
    start: 'refuse',
    pause: 'stay',
    resume: 'running',
    reset: 'paused',
    'power-button': 'refuse',
    suspend: 'suspended',
    snapshot: 'refuse',
    stop: 'stopped',
  },
  starved: {
    start: 'refuse',
    pause: 'paused',
    resume: 'running',
    reset: 'refuse',
    'power-button': 'refuse',
    suspend: 'suspended',
    snapshot: 'refuse',
    stop: 'stopped',
  },
  suspended: {
    start: 'refuse',
    pause: 'refuse',
    resume: 'refuse',
    reset: 'refuse',
    'power-button': 'refuse',
    suspend: 'stay',
    snapshot: 'refuse',
    stop: 'stay',
  },
  stopped: {
    start: 'refuse',
    pause: 'refuse',
    resume: 'refuse',
    reset: 'refuse',
    'power-button': 'refuse',
    suspend: 'refuse',
    snapshot: 'refuse',
    stop: 'stay',
  },
  failed: {
    start: 'refuse',
    pause: 'refuse',
    resume: 'refuse',
    reset: 'refuse',
    'power-button': 'refuse',
    suspend: 'refuse',
    snapshot: 'refuse',
    stop: 'stay',
  },
}

/**
 * What `request` does in `state`.
 * @throws EngineError `lifecycle-refused` where the table refuses.
 */
export function nextState(state: VmState, request: VmRequest): VmState | 'stay' {
  const step = lifecycle[state][request]
  if (step === 'refuse') throw new EngineError('lifecycle-refused', `a VM that is \`${state}\` does not take \`${request}\``)
  return step
}
