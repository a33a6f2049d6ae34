// SPDX-License-Identifier: Apache-2.0
import { describe, expect, it } from 'vitest'
import { runVector } from '../../vectors/build.ts'
import { inputOf, minute, noPassword, now, type WrittenRule } from '../../vectors/scenario.ts'
import type { LaunchPlan } from './launch-plan.ts'
import { liveActions, planWhileRunning } from './live.ts'
import { reason } from './reasons.ts'

function planOf(...rules: readonly WrittenRule[]): LaunchPlan {
  const decision = runVector(inputOf({ layers: [{ layer: 'organisation', rules: [noPassword, ...rules] }] }))
  if (!decision.allowed) throw new Error(decision.reasons.map(({ code }) => code).join())
  return decision.plan
}

const listed: WrittenRule = { setting: 'network', value: { mode: 'listed', allow: [{ protocol: 'tcp', cidr: '192.0.2.0/24', ports: null }] } }
const actions = (running: LaunchPlan, plan: LaunchPlan, at = now) => liveActions(running, { allowed: true, plan }, at)

describe('a decision made again for a VM that runs', () => {
  it('does nothing where nothing changed', () => expect(actions(planOf(listed), planOf(listed))).toEqual([]))

  it('suspends where it is refused, with the reasons', () => {
    const reasons = [reason('lease-suspended', { why: 'reported lost', contact: 'the help desk' })]
    expect(liveActions(planOf(), { allowed: false, reasons }, now)).toEqual([{ do: 'suspend', reasons }])
  })

  it('cuts the network where it is no longer allowed, and opens it where it is', () => {
    expect(actions(planOf(listed), planOf())).toEqual([{ do: 'set-network', network: { mode: 'none' } }])
    expect(actions(planOf(), planOf(listed))).toEqual([{ do: 'set-network', network: listed.value }])
  })

  it('sets clipboard and exit', () => {
    const changed = planOf({ setting: 'clipboard-to-guest', value: { maxTextBytes: 9 } }, { setting: 'exit', value: 'user' })
    expect(actions(planOf(), changed)).toEqual([
      { do: 'set-clipboard', clipboard: { toGuest: { allowed: true, maxBytes: 9 }, fromGuest: { allowed: false, maxBytes: 0 } } },
      { do: 'set-exit', exit: 'user' },
    ])
  })

  it('sets at once how the desktop is shown, what is shared, offered and kept, and its limits', () => {
    const plan = planOf()
    const next: LaunchPlan = {
      ...plan,
      sharing: { ...plan.sharing, folders: 'read-only' },
      screen: { ...plan.screen, mode: 'kiosk' },
      powerCommands: { pause: true, reset: false, powerButton: false },
      snapshots: { take: true, revert: false },
      limits: { ...plan.limits, processorPercent: 50 },
    }
    const { sharing, screen, powerCommands, snapshots, limits } = next
    expect(actions(plan, next)).toEqual([
      { do: 'set-sharing', sharing },
      { do: 'set-screen', screen },
      { do: 'set-power-commands', powerCommands },
      { do: 'set-snapshots', snapshots },
      { do: 'set-limits', limits },
    ])
    expect(planWhileRunning(plan, next)).toEqual(next)
    expect(actions(next, next)).toEqual([])
  })

  it('takes devices away at once, and gives them', () => {
    const plan = planOf()
    const next: LaunchPlan = {
      ...plan,
      drives: { cd: 'image', floppy: 'none' },
      parallel: 'captured',
      sound: 'output',
      printer: 'pdf-folder',
      usb: { tables: [{ general: 'allow', classes: [], devices: [] }] },
    }
    const { drives, parallel, sound, printer, usb } = next
    expect(actions(plan, next)).toEqual([
      { do: 'set-drives', drives },
      { do: 'set-parallel', parallel },
      { do: 'set-sound', sound },
      { do: 'set-printer', printer },
      { do: 'set-usb', usb },
    ])
    expect(actions(next, plan)).toContainEqual({ do: 'set-usb', usb: plan.usb })
    expect(planWhileRunning(plan, next)).toEqual(next)
  })

  it('leaves what becomes of its disks, scripts and what guest and host tell each other to the next start', () => {
    const plan = planOf()
    const next: LaunchPlan = {
      ...plan,
      diskChanges: 'discarded',
      scripts: { powerOn: ['gate'], powerOff: [], seconds: 5 },
      guestInfo: { toGuest: ['site'], fromGuest: [], maxBytes: 9 },
    }
    expect(actions(plan, next)).toEqual([{ do: 'wait-for-restart', fields: ['diskChanges', 'scripts', 'guestInfo'] }])
    expect(planWhileRunning(plan, next)).toEqual(plan)
  })

  it('silences a serial port at once, and adds one at the next start', () => {
    const captured = planOf({ setting: 'serial-port', value: 'captured' })
    expect(actions(captured, planOf())).toEqual([{ do: 'set-serial', serial: 'none' }])
    expect(actions(planOf(), captured)).toEqual([{ do: 'wait-for-restart', fields: ['serial'] }])
    expect(planWhileRunning(captured, planOf()).serial).toBe('none')
    expect(planWhileRunning(planOf(), captured).serial).toBe('none')
    expect(planWhileRunning(captured, captured).serial).toBe('captured')
  })

  it('leaves memory, engine and package to the next start, and says so', () => {
    const plan = planOf()
    const next: LaunchPlan = { ...plan, memoryMiB: 128, engine: 'v86', package: { ...plan.package, version: '4' } }
    expect(actions(plan, next)).toEqual([{ do: 'wait-for-restart', fields: ['package', 'engine', 'memoryMiB'] }])
  })

  it('leaves a session of the former package to its user where the update is suggested', () => {
    const plan = planOf()
    const next: LaunchPlan = { ...plan, package: { ...plan.package, version: '4' }, update: { keep: 1, forceAt: null } }
    expect(actions(plan, next)).toEqual([{ do: 'wait-for-restart', fields: ['package'] }])
    expect(planWhileRunning(plan, next)).toEqual({ ...next, package: plan.package })
  })

  it('quarantines a session of the former package where the policy says so, and gives its network back with the newer one', () => {
    const quarantine: WrittenRule = { setting: 'quarantine', value: { whenOutdated: true, network: { mode: 'none' } } }
    const plan = planOf(listed, quarantine)
    const next: LaunchPlan = { ...plan, package: { ...plan.package, version: '4' } }
    const none = { mode: 'none' } as const
    expect(actions(plan, next)).toEqual([
      { do: 'set-network', network: none },
      { do: 'wait-for-restart', fields: ['package'] },
    ])
    const inForce = planWhileRunning(plan, next)
    expect(inForce).toEqual({ ...next, package: plan.package, network: none, quarantine: { ...next.quarantine, inForce: 'outdated' } })
    expect(planWhileRunning(inForce, plan).quarantine).toEqual(plan.quarantine)
    expect(actions(inForce, next)).toEqual([{ do: 'wait-for-restart', fields: ['package'] }])
    expect(actions(inForce, plan)).toEqual([{ do: 'set-network', network: listed.value }])
    const free = planOf(listed)
    expect(actions(free, { ...free, package: next.package })).toEqual([{ do: 'wait-for-restart', fields: ['package'] }])
  })

  it('warns a session of the former package of a forced update, and suspends it from that second; one of its own package goes on', () => {
    const plan = planOf()
    const forceAt = now + 10 * minute
    const next: LaunchPlan = { ...plan, package: { ...plan.package, version: '4' }, update: { keep: 0, forceAt } }
    const deadlines = { ...plan.deadlines, warnAt: 0, suspendAt: forceAt }
    expect(actions(plan, next, forceAt - 1)).toEqual([
      { do: 'set-deadlines', deadlines },
      { do: 'warn', until: forceAt },
      { do: 'wait-for-restart', fields: ['package'] },
    ])
    expect(planWhileRunning(plan, next)).toEqual({ ...next, package: plan.package, deadlines })
    expect(actions(plan, next, forceAt)).toEqual([{ do: 'suspend', reasons: [reason('update-due', { version: '4' })] }])
    expect(actions(next, next, forceAt)).toEqual([])
  })

  it('suspends at the earlier of a forced update and the end that is set anyway', () => {
    const plan = planOf()
    const forceAt = now + 10 * minute
    const endOf = (suspendAt: number | null) => {
      const next = { ...plan, deadlines: { ...plan.deadlines, suspendAt }, package: { ...plan.package, version: '4' }, update: { keep: 0, forceAt } }
      return planWhileRunning(plan, next).deadlines.suspendAt
    }
    expect([endOf(forceAt - minute), endOf(forceAt + minute), endOf(null)]).toEqual([forceAt - minute, forceAt, forceAt])
  })

  it('locks and unlocks the screen at once, and tells the words of the organisation', () => {
    const plan = planOf()
    const lock = (locked: boolean): LaunchPlan => ({ ...plan, screenLock: { ...plan.screenLock, locked } })
    const messages = [{ from: now, text: 'soon over' }]
    const screenLock = { ...plan.screenLock, idleMinutes: 5 }
    expect(actions(plan, lock(true))).toEqual([{ do: 'lock' }])
    expect(actions(lock(true), plan)).toEqual([{ do: 'unlock' }])
    expect(actions(plan, { ...plan, screenLock, messages })).toEqual([
      { do: 'set-screen-lock', screenLock },
      { do: 'set-messages', messages },
    ])
    expect(actions(lock(true), lock(true))).toEqual([])
  })

  it('moves the deadlines with every contact', () => {
    const plan = planOf()
    const deadlines = { ...plan.deadlines, suspendAt: now + 90 * minute }
    expect(actions(plan, { ...plan, deadlines })).toEqual([{ do: 'set-deadlines', deadlines }])
  })

  it('warns from the second at which the policy says so', () => {
    const plan = planOf()
    const { warnAt, suspendAt } = plan.deadlines
    if (warnAt === null) throw new Error('the scenario warns')
    expect(actions(plan, plan, warnAt - 1)).toEqual([])
    expect(actions(plan, plan, warnAt)).toEqual([{ do: 'warn', until: suspendAt }])
  })
})
