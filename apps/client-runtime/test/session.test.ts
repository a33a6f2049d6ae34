// SPDX-License-Identifier: Apache-2.0
import { access, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { StarvedBy } from '@casemate/engine/disk-growth'
import { EngineError } from '@casemate/engine/error'
import { createFakeBackend } from '@casemate/engine/fake'
import type { NetworkRule, NetworkRules } from '@casemate/engine/network'
import type { StateFile, VmSpec } from '@casemate/engine/virtual-machine'
import { closedPlan, type LaunchPlan, launchPlan } from '@casemate/policy/launch-plan'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { layoutOf } from '../layout.ts'
import type { SessionState } from '../local-api.ts'
import { EventLog } from '../session-host/event-log.ts'
import type { SharingInForce } from '../session-host/in-force.ts'
import { RecentRefusals } from '../session-host/network/recent-refusals.ts'
import { SwitchedNetwork } from '../session-host/network/switched-network.ts'
import { type DiskWatch, Session } from '../session-host/session.ts'
import { Snapshots } from '../session-host/snapshots/snapshots.ts'
import { LIMITS, Watch } from '../session-host/watch.ts'
import { Watermarks } from '../session-host/watermarks.ts'

let folder: string
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'session-'))
})
afterEach(() => rm(folder, { recursive: true }))

const rule: NetworkRule = { protocol: 'tcp', cidr: '192.0.2.1/32', ports: [80, 80] }
const plan: LaunchPlan = launchPlan.parse({
  ...closedPlan,
  session: 's1',
  instance: 'i1',
  desktop: 'demo',
  package: { name: 'demo', version: '1', sha256: '0'.repeat(64) },
  engine: 'qemu',
  memoryMiB: 64,
  network: { mode: 'listed', allow: [rule] },
  clipboard: { toGuest: { allowed: true, maxBytes: 9 }, fromGuest: { allowed: false, maxBytes: 0 } },
  exit: 'user',
  powerCommands: { pause: true, reset: true, powerButton: true },
  deadlines: { warnAt: 1000, restrictAt: 2000, suspendAt: 3000 },
})

type FakeVm = Awaited<ReturnType<ReturnType<typeof createFakeBackend>['open']>>

/** A session over the engine's fake backend; `watch` plays the disks, `rules` is what the network switch was told last. */
function newSession(change: Partial<LaunchPlan> = {}, fault?: Error, backend = createFakeBackend()) {
  const seen: {
    watch: DiskWatch | null
    vm: FakeVm | null
    rules: NetworkRules
    rate: number | null
    released: number
    settled: string[]
    given: SharingInForce[]
    growth: (number | null)[]
    starvedBy: StarvedBy
  } = {
    watch: null,
    vm: null,
    rules: { allow: [] },
    rate: null,
    released: 0,
    settled: [],
    given: [],
    growth: [],
    starvedBy: 'other',
  }
  const stateFile: StateFile = { path: join(folder, 'suspended.state'), key: new Uint8Array(32), binding: 'i1' }
  const spec: VmSpec = {
    name: 's1',
    firmware: 'bios',
    chipset: 'i440fx',
    cpus: 1,
    memoryMiB: 64,
    disks: [],
    video: 'std',
    serial: 'none',
    network: 'none',
    runtimeFolder: folder,
  }
  const launch = async (watch: DiskWatch) => {
    if (fault !== undefined) throw fault
    seen.watch = watch
    const vm = await backend.open(spec)
    seen.vm = vm
    return {
      vm,
      opened: { package: plan.package.sha256, engine: plan.engine, memoryMiB: spec.memoryMiB, serial: spec.serial },
      stateFile,
      snapshots: new Snapshots(
        { plan, layout: layoutOf(folder).instance('i1'), instanceKey: new Uint8Array(32) },
        { disks: [], hardware: { firmware: 'bios' } },
        new Watermarks({ device: 'd1', user: null }),
        async () => undefined,
      ),
      growth: {
        set: async (bytes: number | null) => void seen.growth.push(bytes),
        whyStarved: async () => seen.starvedBy,
      },
      network: new SwitchedNetwork(
        {
          get rules() {
            return seen.rules
          },
          address: '10.0.2.15',
          isolated: false,
          counters: () => ({
            ...{ flows: 1, opened: 1, names: { asked: 0, answered: 0, refused: 0, failed: 0, withheld: 0, open: 0 } },
            ...{ toGuest: { frames: 1, bytes: 60 }, toUplink: { frames: 2, bytes: 120 }, refused: { dns: 2, spoofed: 1 } },
          }),
          setRules: (rules: NetworkRules) => {
            seen.rules = rules
          },
          setRate: (kbitPerSecond: number | null) => {
            seen.rate = kbitPerSecond
          },
          setServices: () => undefined,
          close: async () => undefined,
        },
        new RecentRefusals({ add: () => undefined }, () => 0),
        '02:00:00:00:00:01',
        'listed',
      ),
      services: {
        apply: async (inForce: SharingInForce) => void seen.given.push(inForce),
        reread: async () => [],
        readGuestInfo: async () => ({ values: [], refused: [] }),
      },
      guest: null,
      media: null,
      usb: null,
      content: () => ({ held: 3, total: null }),
      settled: async (end: 'suspended' | 'guest-off') => {
        seen.settled.push(end)
      },
      release: async () => {
        seen.released += 1
      },
    }
  }
  const session = new Session({ ...plan, ...change }, launch, new EventLog())
  return { session, seen, stateFile }
}

function reaches(session: Session, state: SessionState): Promise<void> {
  return new Promise((resolve) => {
    const look = () => {
      if (session.state !== state) return
      forget()
      resolve()
    }
    const forget = session.onChange(look)
    look()
  })
}

const types = (session: Session) => session.events.after(0).map((event) => event.type)

describe('a session', () => {
  it('runs its VM once it is open, and has a screen to show only then', async () => {
    const { session } = newSession()
    expect(session.displaySocket).toBeNull()
    await session.open()
    expect(session.state).toBe('running')
    expect(session.displaySocket).not.toBeNull()
    await session.close('power-off')
    expect(session.state).toBe('locked')
    expect(session.displaySocket).toBeNull()
  })

  it('stands still while anybody holds it and goes on when the last one lets go', async () => {
    const { session } = newSession()
    await session.open()
    session.hold('user')
    session.hold('daemon')
    await reaches(session, 'paused')
    session.release('user')
    await session.close('power-off')
    expect(types(session).filter((type) => type === 'released')).toEqual(['released'])
    const states = session.events
      .after(0)
      .filter((event) => event.type === 'state')
      .map((event) => event.data.state)
    expect(states).toEqual(['preparing', 'running', 'paused', 'ending', 'locked'])
  })

  it('never starts a VM that is held before it is open, and starts it when it is let go', async () => {
    const { session } = newSession()
    session.hold('daemon')
    await session.open()
    expect(session.state).toBe('paused')
    session.release('daemon')
    await reaches(session, 'running')
    await session.close('power-off')
  })

  it('holds for a late chunk and goes on when it has arrived', async () => {
    const { session, seen } = newSession()
    await session.open()
    seen.watch?.late('system')
    await reaches(session, 'paused')
    expect(session.view().holds).toEqual(['disk'])
    seen.watch?.arrived()
    await reaches(session, 'running')
    await session.close('power-off')
  })

  it('is held by name where its disks may grow no farther, until the plan lets them; a silent disk is held as before', async () => {
    const { session, seen } = newSession()
    await session.open()
    await session.replan({ ...plan, limits: { ...plan.limits, diskGrowthMiB: 2 } })
    expect(seen.growth).toEqual([2 ** 21])
    seen.starvedBy = 'held'
    seen.vm?.starve('system')
    await reaches(session, 'paused')
    expect([session.view().holds, session.requests]).toEqual([['disk-limit'], ['suspend', 'power-off']])
    await session.replan({ ...plan, limits: { ...plan.limits, diskGrowthMiB: 2, networkKbitPerSecond: 8 } })
    expect(session.view().holds).toEqual(['disk-limit'])
    await session.replan({ ...plan, limits: { ...plan.limits, diskGrowthMiB: 3 } })
    await reaches(session, 'running')
    expect(seen.growth).toEqual([2 ** 21, 3 * 2 ** 20])
    seen.starvedBy = 'other'
    seen.vm?.starve('system')
    await reaches(session, 'paused')
    expect(session.view().holds).toEqual(['disk'])
    await session.close('power-off')
  })

  it('blocks for an altered chunk, shows nothing any more, and cannot be talked into going on', async () => {
    const { session, seen } = newSession()
    await session.open()
    seen.watch?.failed(new EngineError('overlay-altered', 'block 7'))
    expect(session.state).toBe('blocked')
    expect(session.view().reason).toMatchObject({ code: 'overlay-altered', detail: 'block 7' })
    expect(session.displaySocket).toBeNull()
    seen.watch?.arrived()
    session.release('user')
    expect(session.requests).toEqual(['power-off'])
    await session.close('suspend')
    expect(session.state).toBe('locked')
  })

  it('blocks with the code of what failed when it cannot be opened', async () => {
    const { session } = newSession({}, new EngineError('containment-missing', 'no `bwrap`'))
    await session.open()
    expect(session.view().reason?.code).toBe('containment-missing')
    await session.close('power-off')
    await session.ended
  })

  it('blocks as an internal fault for an error without a code of its table', async () => {
    const { session } = newSession({}, new Error('something else'))
    await session.open()
    expect(session.view().reason?.code).toBe('internal-fault')
  })

  it('offers the closings that the plan allows and no other', async () => {
    const offered = async (exit: LaunchPlan['exit']) => {
      const { session } = newSession({ exit })
      await session.open()
      const requests = session.requests.filter((request) => request === 'suspend' || request === 'power-off')
      await session.close('power-off')
      return requests
    }
    expect(await offered('user')).toEqual(['suspend', 'power-off'])
    expect(await offered('suspend')).toEqual(['suspend'])
    expect(await offered('power-off')).toEqual(['power-off'])
  })

  it('offers its user the commands that the plan allows and no other', async () => {
    const offered = async (powerCommands: LaunchPlan['powerCommands']) => {
      const { session } = newSession({ powerCommands })
      await session.open()
      const { requests } = session
      session.hold('user')
      await reaches(session, 'paused')
      const held = session.requests
      await session.close('power-off')
      return [requests, held]
    }
    const closings = ['suspend', 'power-off']
    const held = ['resume', ...closings]
    expect(await offered({ pause: true, reset: true, powerButton: true })).toEqual([['pause', 'reset', 'power-button', ...closings], held])
    expect(await offered({ pause: false, reset: true, powerButton: false })).toEqual([['reset', ...closings], held])
    expect(await offered({ pause: false, reset: false, powerButton: false })).toEqual([closings, held])
  })

  it('leaves a sealed state when suspended and none when powered off, and closes its disks once', async () => {
    const off = newSession()
    await off.session.open()
    await off.session.close('power-off')
    await expect(access(off.stateFile.path)).rejects.toMatchObject({ code: 'ENOENT' })
    const saved = newSession()
    await saved.session.open()
    await saved.session.close('suspend')
    await access(saved.stateFile.path)
    expect(saved.session.state).toBe('suspended')
    expect([off.seen.released, saved.seen.released]).toEqual([1, 1])
    expect([off.seen.settled, saved.seen.settled]).toEqual([[], ['suspended']])
  })
})

describe('a new plan for a running session', () => {
  it('is in force at once: rules of the network and of the clipboard', async () => {
    const { session, seen } = newSession()
    await session.open()
    expect(seen.rules).toEqual({ allow: [rule] })
    expect(session.inForce.clipboard.toGuest.allowed).toBe(true)
    const closed = { allowed: false, maxBytes: 0 }
    session.replan({ ...plan, network: { mode: 'none' }, clipboard: { toGuest: closed, fromGuest: closed } })
    expect(seen.rules).toEqual({ allow: [] })
    expect(session.inForce.clipboard.toGuest.allowed).toBe(false)
    const byName = { protocol: 'tcp' as const, domain: 'example.com', ports: null }
    const address = { protocol: 'tcp' as const, cidr: '192.0.2.1/32', ports: null }
    const wider = { allow: [address], allowDomains: [byName], deny: [address], denyDomains: [{ ...byName, within: '192.0.2.0/24' }] }
    session.replan({ ...plan, network: { mode: 'listed', ...wider }, limits: { ...plan.limits, networkKbitPerSecond: 800 } })
    expect([seen.rules, seen.rate]).toEqual([wider, 800])
    session.replan(plan)
    expect([seen.rules, seen.rate]).toEqual([{ allow: [rule] }, null])
    await session.close('power-off')
  })

  it('of another kind of network leaves the card with nothing until the next start, and says so', async () => {
    const { session, seen } = newSession()
    await session.open()
    expect(session.network()).toMatchObject({ mode: 'listed', waiting: false, address: '10.0.2.15', toGuest: { bytes: 60 } })
    session.replan({ ...plan, network: { mode: 'isolated', lan: 'lab' } })
    expect(seen.rules).toEqual({ allow: [] })
    expect([session.network(), session.observe()?.network]).toEqual([expect.objectContaining({ mode: 'none', waiting: true }), { mode: 'none' }])
    session.replan({ ...plan, network: { mode: 'none' } })
    expect([session.network(), session.observe()?.network]).toEqual([expect.objectContaining({ mode: 'none', waiting: false }), { mode: 'none' }])
    const host = { mode: 'host-only' as const, allowHost: [{ protocol: 'tcp' as const, ports: [80, 80] as [number, number] }] }
    session.replan({ ...plan, network: host })
    expect(seen.rules).toEqual({ allow: [], allowHost: host.allowHost })
    expect([session.network(), session.observe()?.network]).toEqual([expect.objectContaining({ mode: 'host-only', waiting: false }), host])
    await session.close('power-off')
  })

  it('of a quarantine says why', async () => {
    const { session } = newSession()
    expect(session.view().quarantine).toEqual([])
    session.replan({ ...plan, quarantine: { posture: ['`agent` does not run'], outdated: { mode: 'none' }, inForce: 'outdated' } })
    expect(session.view().quarantine).toEqual([
      'of this computer `agent` does not run',
      'a newer release of this desktop is there; start the desktop again to use it',
    ])
  })
})

describe('printer, folders and `guestinfo.*`', () => {
  it('are given as the plan of this moment says, and nothing of them once the VM is restricted', async () => {
    const { session, seen } = newSession()
    await session.open()
    const guestInfo = { toGuest: ['site'], fromGuest: [], maxBytes: 9 }
    const none = { printer: false, folders: 'none', guestInfo: plan.guestInfo }
    const wider: LaunchPlan = { ...plan, guestInfo, printer: 'pdf-folder', sharing: { ...plan.sharing, folders: 'read-write' } }
    await session.replan(wider)
    await session.replan({ ...wider, sharing: { ...plan.sharing, folders: 'read-only' } })
    session.enter('restricted')
    expect(seen.given).toEqual([none, { printer: true, folders: 'read-write', guestInfo }, { printer: true, folders: 'read-only', guestInfo }, none])
    await session.close('power-off')
  })
})

describe('the rate of the disks', () => {
  const limited = (diskKiBPerSecond: number | null) => ({ limits: { ...plan.limits, diskKiBPerSecond } })

  it('is in force from the start, follows each new plan, and goes with it; one that the engine does not take blocks', async () => {
    const { session, seen } = newSession(limited(512))
    await session.open()
    expect([session.state, seen.vm?.diskRate]).toEqual(['running', 512])
    await session.replan({ ...plan, ...limited(64) })
    expect(seen.vm?.diskRate).toBe(64)
    await session.replan(plan)
    expect([session.state, seen.vm?.diskRate]).toEqual(['running', null])
    await session.replan({ ...plan, ...limited(-1) })
    expect([session.state, session.view().reason?.code]).toEqual(['blocked', 'spec-invalid'])
    await session.close('power-off')
  })
})

describe('the limit of computing time', () => {
  const limited = (processorPercent: number | null) => ({ limits: { ...plan.limits, processorPercent } })

  it('is in force from the start, follows each new plan, and goes with it', async () => {
    const { session, seen } = newSession(limited(30))
    await session.open()
    expect([session.state, seen.vm?.processorPercent]).toEqual(['running', 30])
    session.replan({ ...plan, ...limited(70) })
    expect(seen.vm?.processorPercent).toBe(70)
    session.replan(plan)
    expect([session.state, seen.vm?.processorPercent]).toEqual(['running', null])
    await session.close('power-off')
  })

  it('that a plan brings to a host which cannot hold it blocks the session; a plan without goes on', async () => {
    const backend = createFakeBackend({ capabilities: ['suspend'] })
    const { session } = newSession({}, undefined, backend)
    await session.open()
    session.replan({ ...plan, ...limited(null) })
    expect(session.state).toBe('running')
    session.replan({ ...plan, ...limited(70) })
    expect([session.state, session.view().reason?.code]).toEqual(['blocked', 'capability-missing'])
    await session.close('power-off')
  })
})

describe('what a session uses', () => {
  it('is what its VM and its switch count, and nothing before and after', async () => {
    const { session } = newSession()
    expect(await session.stats()).toBeNull()
    await session.open()
    expect(await session.stats()).toEqual({
      ...{ processorSeconds: 0, residentBytes: 0, balloonMiB: null, disks: [] },
      network: { toGuest: 60, fromGuest: 120, refused: 3 },
    })
    await session.close('power-off')
    expect(await session.stats()).toBeNull()
  })
})

describe('the watch over a session', () => {
  function watched() {
    const made = newSession()
    let mono = 0
    const watch = new Watch(made.session, LIMITS, () => mono)
    return {
      ...made,
      watch,
      at: (ms: number) => {
        mono = ms
        watch.tick()
      },
    }
  }

  it('holds the VM after a minute without the daemon, not before, and lets go at its next word', async () => {
    const { session, watch, at } = watched()
    await session.open()
    at(LIMITS.silenceHoldsMs - 1)
    expect(session.view().holds).toEqual([])
    at(LIMITS.silenceHoldsMs)
    await reaches(session, 'paused')
    expect(session.view().holds).toEqual(['daemon'])
    watch.heartbeat(500)
    await reaches(session, 'running')
    await session.close('power-off')
  })

  it('suspends after ten minutes without the daemon', async () => {
    const { session, at } = watched()
    await session.open()
    at(LIMITS.silenceSuspendsMs)
    await session.ended
    expect(session.state).toBe('suspended')
  })

  it('warns, restricts and suspends at the seconds of the plan', async () => {
    const { session, seen, watch } = watched()
    await session.open()
    watch.heartbeat(1999)
    expect(seen.rules).toEqual({ allow: [rule] })
    watch.heartbeat(2000)
    expect(seen.rules).toEqual({ allow: [] })
    expect(session.inForce.clipboard.toGuest.allowed).toBe(false)
    expect(session.state).toBe('running')
    watch.heartbeat(3000)
    await session.ended
    expect(session.state).toBe('suspended')
    const phases = session.events
      .after(0)
      .filter((event) => event.type === 'deadline')
      .map((event) => event.data.phase)
    expect(phases).toEqual(['warned', 'restricted', 'over'])
  })

  it('lets a plan with later deadlines take the restriction back', async () => {
    const { session, seen, watch } = watched()
    await session.open()
    watch.heartbeat(2000)
    session.replan({ ...plan, deadlines: { warnAt: null, restrictAt: null, suspendAt: null } })
    watch.tick()
    expect(seen.rules).toEqual({ allow: [rule] })
    await session.close('power-off')
  })
})
