// SPDX-License-Identifier: Apache-2.0
//
// A VM runs and the decision is made again: what to do about it. Tightening comes first; what a running VM cannot take is named and waits
// for its next start. A refusal suspends: work is not lost, and nothing runs on.
import type { Decision } from './decide.ts'
import type { LaunchPlan } from './launch-plan.ts'
import { type AccessAction, accessActions } from './plan/access.ts'
import { type DeviceAction, deviceActions } from './plan/devices.ts'
import { differs, type MachineAction, machineActions } from './plan/machine.ts'
import { type Reason, reason } from './reasons.ts'

export type LiveAction =
  | { readonly do: 'suspend'; readonly reasons: readonly Reason[] }
  | { readonly do: 'set-network'; readonly network: LaunchPlan['network'] }
  | { readonly do: 'set-clipboard'; readonly clipboard: LaunchPlan['clipboard'] }
  | { readonly do: 'set-serial'; readonly serial: LaunchPlan['serial'] }
  | { readonly do: 'set-exit'; readonly exit: LaunchPlan['exit'] }
  | DeviceAction
  | MachineAction
  | AccessAction
  | { readonly do: 'set-deadlines'; readonly deadlines: LaunchPlan['deadlines'] }
  /** Again with every decision while it holds; `until` is when the VM is suspended. */
  | { readonly do: 'warn'; readonly until: number | null }
  /** Differs from what runs, and takes effect when the desktop is started again. */
  | { readonly do: 'wait-for-restart'; readonly fields: readonly (OpenedWith | 'serial')[] }

/** What a VM that runs keeps until it is started again. */
const openedWith = ['package', 'engine', 'memoryMiB', 'diskChanges', 'scripts', 'guestInfo'] as const
type OpenedWith = (typeof openedWith)[number]

/**
 * The decided plan as far as a VM that runs can take it: what it was opened with stays. One of another package than was decided is warned
 * at once and suspended at the moment from which the update is forced.
 */
export function planWhileRunning(running: LaunchPlan, plan: LaunchPlan): LaunchPlan {
  const { package: sealed, engine, memoryMiB, diskChanges, scripts, guestInfo } = running
  // A serial port can be silenced in a running machine, not added to it.
  const serial = plan.serial === 'none' ? 'none' : running.serial
  return {
    ...plan,
    network: networkWhileRunning(running, plan),
    quarantine: isOutdated(running, plan) ? { ...plan.quarantine, inForce: 'outdated' } : plan.quarantine,
    package: sealed,
    engine,
    memoryMiB,
    diskChanges,
    scripts,
    guestInfo,
    serial,
    deadlines: deadlinesWhileRunning(running, plan),
  }
}

/** A guest of another package than was decided may be quarantined for it. */
function networkWhileRunning(running: LaunchPlan, plan: LaunchPlan): LaunchPlan['network'] {
  return isOutdated(running, plan) ? (plan.quarantine.outdated ?? plan.network) : plan.network
}

function isOutdated(running: LaunchPlan, { package: decided, quarantine }: LaunchPlan): boolean {
  return quarantine.outdated !== null && differs(running.package, decided)
}

function deadlinesWhileRunning(running: LaunchPlan, { package: decided, deadlines, update }: LaunchPlan): LaunchPlan['deadlines'] {
  const forceAt = update?.forceAt ?? null
  if (forceAt === null || !differs(running.package, decided)) return deadlines
  const { suspendAt } = deadlines
  return { ...deadlines, warnAt: 0, suspendAt: suspendAt === null ? forceAt : Math.min(suspendAt, forceAt) }
}

/**
 * From the plan that is in force to the one that was decided.
 * @param now Unix seconds on the verified clock.
 */
export function liveActions(running: LaunchPlan, decision: Decision, now: number): readonly LiveAction[] {
  if (!decision.allowed) return [{ do: 'suspend', reasons: decision.reasons }]
  const { plan } = decision
  const { forceAt } = plan.update ?? { forceAt: null }
  if (forceAt !== null && now >= forceAt && differs(running.package, plan.package)) {
    return [{ do: 'suspend', reasons: [reason('update-due', { version: plan.package.version })] }]
  }
  const deadlines = deadlinesWhileRunning(running, plan)
  const actions: LiveAction[] = []
  const network = networkWhileRunning(running, plan)
  if (differs(running.network, network)) actions.push({ do: 'set-network', network })
  if (differs(running.clipboard, plan.clipboard)) actions.push({ do: 'set-clipboard', clipboard: plan.clipboard })
  if (running.serial !== plan.serial && plan.serial === 'none') actions.push({ do: 'set-serial', serial: plan.serial })
  if (running.exit !== plan.exit) actions.push({ do: 'set-exit', exit: plan.exit })
  actions.push(...accessActions(running, plan), ...deviceActions(running, plan), ...machineActions(running, plan))
  if (differs(running.deadlines, deadlines)) actions.push({ do: 'set-deadlines', deadlines })
  const { warnAt, suspendAt } = deadlines
  if (warnAt !== null && now >= warnAt) actions.push({ do: 'warn', until: suspendAt })
  const fields = ([...openedWith, 'serial'] as const).filter(
    (field) => differs(running[field], plan[field]) && (field !== 'serial' || plan.serial !== 'none'),
  )
  if (fields.length > 0) actions.push({ do: 'wait-for-restart', fields })
  return actions
}
