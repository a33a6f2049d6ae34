// SPDX-License-Identifier: Apache-2.0
//
// The sessions of this device: decided, started, heard, decided again, ended. A session whose host cannot be reached is left to the
// host's own watch, which holds and suspends it; a new decision that cannot be delivered is tried again with the next heartbeat.

import { join } from 'node:path'
import { setTimeout } from 'node:timers/promises'
import { canonicalJson } from '@casemate/policy/canonical-json'
import type { Observation, SessionReport } from '@casemate/policy/compliance'
import type { Decision } from '@casemate/policy/decision'
import type { JournalEvent } from '@casemate/policy/event'
import type { Request } from '@casemate/policy/facts'
import type { LaunchPlan } from '@casemate/policy/launch-plan'
import type { Reason } from '@casemate/policy/reason'
import { sha256Hex } from '@casemate/policy/sha256'
import type {
  DaemonResponse,
  FolderList,
  GuestInfoView,
  MediumChange,
  SessionNames,
  SessionRequest,
  SessionStats,
  SessionView,
  UsbChange,
  ViewerAddress,
} from '../../local-api.ts'
import { GuestInfoError } from '../../session-host/guest-info/error.ts'
import { isFixed } from '../../session-host/guest-info/fixed-keys.ts'
import { quarantineWords } from '../../session-host/quarantine-words.ts'
import { FolderError } from '../../session-host/sharing/error.ts'
import type { Decided } from '../decision/decide-desktop.ts'
import type { Device } from '../device.ts'
import type { DesktopDocuments } from '../documents/desktop-documents.ts'
import { isStorageFull, RuntimeError } from '../error.ts'
import { changeFor } from './apply-decision.ts'
import { ControlClient } from './control-client.ts'
import { journaled, lostObject } from './journal-events.ts'
import { listSessions, type SessionRecord, writeSession } from './session-record.ts'

export interface StartedHost {
  readonly control: ControlClient
}

/** Starts the host of one session; resolves once its doors are open. */
export type StartHost = (plan: LaunchPlan, keys: SessionKeys, names: SessionNames) => Promise<StartedHost>

export interface SessionKeys {
  readonly packageKey: Uint8Array
  readonly instanceKey: Uint8Array
  /** Of the desktop, by name. */
  readonly secrets: Readonly<Record<string, string>>
}

export interface SessionsOptions {
  readonly device: Device
  readonly startHost: StartHost
  /** Decides again for a VM that runs. */
  readonly decide: (record: SessionRecord, request: Pick<Request, 'kind' | 'session' | 'engine'>) => Promise<Decided>
  /** The console is to hear of it. */
  readonly onChange: () => void
}

interface Live {
  record: SessionRecord
  readonly control: ControlClient
  view: SessionView | null
  /** Of the last heartbeat or change. */
  observed: Observation | null
  /** Number of the last event of the host that the journal has, which the record may not yet say. */
  journaled: number
  turn: Promise<unknown>
  /** The last write of the record: one at a time, so that an older one never comes to lie over a newer. */
  written: Promise<void>
}

/** Of the control door, what concerns snapshots. */
export type SnapshotHost = Pick<ControlClient, 'snapshots' | 'takeSnapshot' | 'renameSnapshot' | 'deleteSnapshot' | 'thumbnail'>

/** For the process of a session that has nothing running. */
const blockedEndMs = 20_000
/** Until a disk that was full is written to again. */
const fullDiskMs = 500

export class Sessions {
  readonly #options: SessionsOptions
  readonly #live = new Map<string, Live>()
  readonly #over = new Map<string, SessionRecord>()
  readonly #refusedFlows = new Set<string>()
  #stopped = false

  constructor(options: SessionsOptions) {
    this.#options = options
  }

  /** Takes up the sessions of the daemon before this one; those whose host is gone are over. */
  async attach(): Promise<void> {
    const { layout } = this.#options.device
    for (const record of await listSessions(layout)) {
      this.#over.set(record.instance, record)
      if (record.ended) continue
      const control = new ControlClient(join(layout.runtime(record.session), 'control.sock'))
      const live = lives(record, control)
      const view = await control.view().catch(() => null)
      if (view === null || view.session !== record.session) await this.#end(live)
      else this.#follow(live)
    }
  }

  /** Leaves the hosts running. */
  stop(): void {
    this.#stopped = true
  }

  get running(): number {
    return this.#live.size
  }

  /** The last session of each instance, and its view where it is open. */
  list(): readonly { readonly record: SessionRecord; readonly view: SessionView | null }[] {
    const open = [...this.#live.values()].map(({ record, view }) => ({ record, view }))
    const over = [...this.#over.values()].filter(({ instance }) => !open.some(({ record }) => record.instance === instance))
    return [...open, ...over.map((record) => ({ record, view: null }))]
  }

  reports(): readonly SessionReport[] {
    const { administrator } = this.#options.device
    return [...this.#live.values()].map(({ record: { session, desktop, serial, releaseSha256, plan }, observed }) => {
      const token = administrator.tokenOf(desktop)
      return { session, serial, releaseSha256, plan, observed, ...(token === null ? {} : { administrator: token }) }
    })
  }

  async viewer(instance: string): Promise<ViewerAddress | null> {
    const live = this.#find(instance)
    return live === undefined ? null : await live.control.viewer().catch(() => null)
  }

  /** Null where there is no VM, or none that answers. */
  async stats(instance: string): Promise<SessionStats | null> {
    const live = this.#find(instance)
    return live === undefined ? null : await live.control.stats().catch(() => null)
  }

  /** Of its screen, PNG in base64; null where none is to be had, or none to be kept. */
  async picture(instance: string): Promise<string | null> {
    const answer = await this.#find(instance)
      ?.control.picture()
      .catch(() => null)
    return answer?.png ?? null
  }

  /** Ends one that is blocked, so that its instance can be put right; others stay as they are. */
  async endBlocked(instance: string): Promise<void> {
    const live = this.#find(instance)
    if (live?.view?.state !== 'blocked') return
    live.view = await live.control.ask('power-off')
    const until = performance.now() + blockedEndMs
    while (this.isOpen(instance) && performance.now() < until) await setTimeout(50)
  }

  /** Why the last session of it was blocked; null: it was not. */
  lastFault(instance: string): string | null {
    return this.list().find(({ record }) => record.instance === instance)?.record.blocked?.code ?? null
  }

  /** What its last session was blocked by has been put right. */
  async forgetFault(instance: string): Promise<void> {
    const record = this.#over.get(instance)
    if (record === undefined || record.blocked === null) return
    const mended = { ...record, blocked: null }
    await writeSession(this.#options.device.layout, mended)
    this.#over.set(instance, mended)
  }

  /** As `stats`, with why its network is that of a quarantine. */
  async network(instance: string): Promise<DaemonResponse<'network'>> {
    const live = this.#find(instance)
    if (live === undefined) return { network: null, quarantine: [] }
    return { network: await live.control.network().catch(() => null), quarantine: quarantineWords(live.record.plan) }
  }

  isOpen(instance: string): boolean {
    return this.#find(instance) !== undefined
  }

  /** Journaled and counted before the host starts. @throws RuntimeError `session-failed` and those of the journal. */
  async start(plan: LaunchPlan, { release }: DesktopDocuments, keys: SessionKeys): Promise<SessionRecord> {
    const { device, startHost } = this.#options
    const { session, instance, desktop } = plan
    const record: SessionRecord = {
      ...{ format: 'casemate-session-2', session, instance, desktop, plan, planVersion: 1, startedAt: device.clock.now },
      ...{ serial: release.document.serial, releaseSha256: release.sha256, eventSeq: 0, state: 'locked', ended: false },
      ...{ reasons: [], waiting: [], warned: false, blocked: null },
    }
    await device.leases.countBoot()
    await writeSession(device.layout, record)
    try {
      const names = { device: device.enrolment.device, user: device.leases.lease?.claims.user ?? null }
      const { control } = await startHost(plan, keys, names)
      const live = lives(record, control)
      this.#follow(live)
      await this.#heartbeat(live)
      return record
    } catch (cause) {
      await this.#end(lives(record, new ControlClient('')))
      throw new RuntimeError('session-failed', `the session of \`${instance}\` could not be started`, { cause })
    }
  }

  /** @throws RuntimeError `session-unknown` */
  async close(instance: string, how: 'suspend' | 'power-off'): Promise<SessionView> {
    const live = this.#open(instance)
    live.view = await live.control.ask(how)
    return live.view
  }

  /** What the plan offers the user, and nothing else. @throws RuntimeError `session-unknown`, `request-refused` */
  async ask(instance: string, request: SessionRequest): Promise<void> {
    const live = this.#open(instance)
    const { requests, state } = await live.control.view()
    if (!requests.includes(request)) {
      throw new RuntimeError('request-refused', `a session that is \`${state}\` does not take \`${request}\` under its policy`)
    }
    live.view = await live.control.ask(request)
  }

  /** @throws RuntimeError `session-unknown`, MediumError */
  async changeMedium(instance: string, change: MediumChange): Promise<void> {
    const live = this.#open(instance)
    live.view = await live.control.changeMedium(change)
  }

  /** @throws RuntimeError `session-unknown`, UsbError */
  async changeUsb(instance: string, change: UsbChange): Promise<void> {
    const live = this.#open(instance)
    live.view = await live.control.changeUsb(change)
  }

  /** Its host takes up what is remembered; null where it is not open. */
  async readFolders(instance: string): Promise<FolderList | null> {
    return (await this.#find(instance)?.control.readFolders()) ?? null
  }

  /** @throws FolderError `folder-refused` where it is open and its policies give it none now */
  needFolders(instance: string): void {
    if (this.#find(instance)?.record.plan.sharing.folders === 'none')
      throw new FolderError('folder-refused', `the policies of \`${instance}\` share no folder with it now`)
  }

  /** Its host takes up what is remembered; null where it is not open. */
  async guestInfo(instance: string): Promise<GuestInfoView | null> {
    return (await this.#find(instance)?.control.readGuestInfo()) ?? null
  }

  /** @throws GuestInfoError `info-refused`, `info-too-large` where it is open and its policies do not let it be told that */
  needGuestInfo(instance: string, name: string, value: string): void {
    const guestInfo = this.#find(instance)?.record.plan.guestInfo
    // Nobody sets those, whatever the policies list; said by its own name.
    if (guestInfo === undefined || isFixed(name)) return
    if (!guestInfo.toGuest.includes(name))
      throw new GuestInfoError('info-refused', `the policies of \`${instance}\` do not let it be told \`${name}\``)
    if (Buffer.byteLength(value) > guestInfo.maxBytes)
      throw new GuestInfoError('info-too-large', `the policies of \`${instance}\` let a value have ${guestInfo.maxBytes} bytes`)
  }

  /** @throws RuntimeError `session-unknown` */
  hostOf(instance: string): SnapshotHost {
    return this.#open(instance).control
  }

  /** @throws RuntimeError `session-unknown`, SnapshotError */
  async revert(instance: string, snapshot: string): Promise<void> {
    const live = this.#open(instance)
    live.view = await live.control.revert(snapshot)
  }

  #open(instance: string): Live {
    const live = this.#find(instance)
    if (live === undefined) throw new RuntimeError('session-unknown', `\`${instance}\` is not open`)
    return live
  }

  /** Every few seconds: the verified time, and again the decision. */
  async tick(): Promise<void> {
    await Promise.allSettled([...this.#live.values()].map((live) => this.#heartbeat(live)))
    await this.redecide()
  }

  /** After every change of lease, release or clock. */
  async redecide(): Promise<void> {
    await Promise.allSettled([...this.#live.values()].map((live) => this.#inTurn(live, () => this.#redecide(live))))
  }

  async #heartbeat(live: Live): Promise<void> {
    live.view = await live.control.heartbeat(this.#options.device.clock.now)
    live.observed = await live.control.observation()
  }

  async #redecide(live: Live): Promise<void> {
    const { device, decide } = this.#options
    const { record } = live
    const { decision, documents } = await decide(record, { kind: 'continue', session: record.session, engine: record.plan.engine })
    const change = changeFor(record.plan, device.journal.fault === null ? decision : blockedByJournal(), device.clock.now)
    if (change.kind === 'suspend') return this.#suspend(live, change.reasons)
    const { warned } = change
    const waiting = [...change.waiting]
    const release = documents?.release
    const under = release === undefined ? {} : { serial: release.document.serial, releaseSha256: release.sha256 }
    if (change.kind === 'none') {
      if (warned === record.warned && `${waiting}` === `${record.waiting}` && under.serial === record.serial) return
      await this.#write(live, { warned, waiting, ...under })
      return
    }
    live.view = await live.control.replan(change.plan)
    live.observed = await live.control.observation()
    await this.#write(live, { plan: change.plan, planVersion: record.planVersion + 1, warned, waiting, ...under })
    const { session, instance, desktop, serial } = live.record
    const names = await namesOfPlan(change.plan)
    await device.journal.append({ type: 'policy-applied', data: { session, instance, desktop, serial, ...names, actions: [...change.actions] } })
    this.#options.onChange()
  }

  async #suspend(live: Live, reasons: readonly Reason[]): Promise<void> {
    const { device, onChange } = this.#options
    const { session, instance, desktop, serial } = live.record
    const first = live.record.reasons.map(({ code }) => code).join() !== reasons.map(({ code }) => code).join()
    // Its host is ending. What it tells meanwhile leads here again, so that to ask again would go round and round.
    if (!first && live.view?.state === 'suspended') return
    // The VM does not wait for the words, and the words are written whether or not the host still hears.
    const asked = live.control.ask('suspend')
    const written = first ? this.#write(live, { reasons: [...reasons] }) : Promise.resolve()
    await Promise.allSettled([asked, written])
    await written
    live.view = await asked
    if (!first || device.journal.fault !== null) return
    const codes = reasons.map(({ code }) => code)
    await device.journal.append({ type: 'decided', data: { session, instance, desktop, allowed: false, serial, reasons: codes, planSha256: null } })
    onChange()
  }

  #follow(live: Live): void {
    this.#live.set(live.record.session, live)
    void this.#hear(live)
  }

  /** Events into the journal, until the host is gone. */
  async #hear(live: Live): Promise<void> {
    for (let misses = 0; !this.#stopped; ) {
      try {
        const events = await live.control.events(live.record.eventSeq)
        misses = 0
        for (const event of events) await this.#take(live, event)
        if (events.length === 0) continue
        live.view = await live.control.view()
        this.#options.onChange()
      } catch (error) {
        // It says nothing about the host: what it tells is taken once it can be written down.
        if (isStorageFull(error)) {
          await setTimeout(fullDiskMs)
          continue
        }
        // A host that closes its doors, or one that is gone: asked once more before it counts as over.
        misses += 1
        if (this.#stopped) return
        if ((await live.control.view().catch(() => null)) === null || misses > 5) return this.#endOnceThereIsRoom(live)
      }
    }
  }

  async #endOnceThereIsRoom(live: Live): Promise<void> {
    while (!this.#stopped) {
      try {
        return await this.#end(live)
      } catch (error) {
        if (!isStorageFull(error)) throw error
        await setTimeout(fullDiskMs)
      }
    }
  }

  async #take(live: Live, event: Parameters<typeof journaled>[1]): Promise<void> {
    const { journal, altered } = this.#options.device
    const { entry, count } = journaled(live.record, event)
    if (event.seq > live.journaled) {
      const lost = lostObject(event)
      if (lost !== null) await altered.note(live.record.plan.package.sha256, lost)
      if (entry !== null && !this.#isRepeated(entry) && journal.fault === null) await journal.append(entry)
      if (entry !== null) this.#remember(entry)
      if (count !== null) journal.count(count.of, count.by)
      live.journaled = event.seq
    }
    const state = entry?.type === 'session-state' && entry.data.state !== 'ended' ? { state: entry.data.state } : {}
    await this.#write(live, { eventSeq: event.seq, ...state })
  }

  /** The first refusal of each destination is an entry, the others are in the count. */
  #isRepeated(entry: JournalEvent): boolean {
    return entry.type === 'network-refused' && this.#refusedFlows.has(flowOf(entry.data))
  }

  #remember(entry: JournalEvent): void {
    if (entry.type === 'network-refused') this.#refusedFlows.add(flowOf(entry.data))
  }

  async #end(live: Live): Promise<void> {
    this.#live.delete(live.record.session)
    const { device, onChange } = this.#options
    const { session, instance, desktop } = live.record
    const writing = this.#write(live, { ended: true, blocked: live.view?.reason ?? null })
    this.#over.set(instance, live.record)
    await writing
    if (device.journal.fault === null) {
      await device.journal.append({
        type: 'session-state',
        data: { session, instance, desktop, state: 'ended', code: live.view?.reason?.code ?? null },
      })
    }
    onChange()
  }

  async #write(live: Live, change: Partial<SessionRecord>): Promise<void> {
    live.record = { ...live.record, ...change }
    live.written = live.written.catch(() => undefined).then(() => writeSession(this.#options.device.layout, live.record))
    await live.written
  }

  #find(instance: string): Live | undefined {
    return [...this.#live.values()].find(({ record }) => record.instance === instance)
  }

  #inTurn(live: Live, act: () => Promise<void>): Promise<void> {
    const done = live.turn.then(act)
    live.turn = done.catch(() => undefined)
    return done
  }
}

const lives = (record: SessionRecord, control: ControlClient): Live => ({
  ...{ record, control, view: null, observed: null, journaled: record.eventSeq, turn: Promise.resolve(), written: Promise.resolve() },
})

const flowOf = ({ session, protocol, to }: { readonly session: string; readonly protocol: string; readonly to: string }): string =>
  `${session} ${protocol} ${to}`

/** What the journal says of a plan. */
export async function namesOfPlan(plan: LaunchPlan): Promise<{ readonly planSha256: string; readonly overrides?: string[] }> {
  const planSha256 = await sha256Hex(new TextEncoder().encode(canonicalJson(plan)))
  return plan.overrides === undefined ? { planSha256 } : { planSha256, overrides: [...plan.overrides] }
}

/** What cannot be written down does not run. */
function blockedByJournal(): Decision {
  return { allowed: false, reasons: [] }
}
