// SPDX-License-Identifier: Apache-2.0
//
// One session: brings the VM to where state and holds say it must be, one change at a time. Promises that the VM runs only
// while the session is `running`, that any fault blocks, and that nothing is written down that could be resumed twice.
// It decides nothing about policy: it executes the plan it was given.
import type { DriveName } from '@casemate/engine/device-spec'
import type { DiskGrowth } from '@casemate/engine/disk-growth'
import { EngineError } from '@casemate/engine/error'
import type { StateFile, VirtualMachine } from '@casemate/engine/virtual-machine'
import type { Observation } from '@casemate/policy/compliance'
import type { LaunchPlan } from '@casemate/policy/launch-plan'
import { blocksUsb } from '@casemate/policy/usb-rules'
import type {
  BlockedReason,
  FolderView,
  GuestInfoView,
  Hold,
  NetworkView,
  SessionRequest,
  SessionState,
  SessionStats,
  SessionView,
} from '../local-api.ts'
import { alteredObject, blockedBy } from './blocked.ts'
import type { Phase } from './deadlines.ts'
import type { DriveMedia } from './drive-media.ts'
import type { EventLog } from './event-log.ts'
import type { GuestWatch } from './guest-watch.ts'
import { Holds } from './holds.ts'
import { drivesInForce, type InForce, inForce, sharingInForce, usbInForce } from './in-force.ts'
import { MediumError } from './medium-error.ts'
import type { GuestNetwork } from './network/guest-network.ts'
import type { GoodEnd } from './old-releases.ts'
import { quarantineWords } from './quarantine-words.ts'
import { requestsOf } from './session-requests.ts'
import { after, type SessionStep } from './session-state.ts'
import type { GuestServices } from './sharing/guest-services.ts'
import { SnapshotError } from './snapshots/error.ts'
import type { Snapshots } from './snapshots/snapshots.ts'
import { UsbError } from './usb/error.ts'
import type { UsbDevices } from './usb/usb-devices.ts'

/** What a launch hands over: the opened VM and what has to be closed after it. */
export interface Launched {
  readonly vm: VirtualMachine
  /** What the machine was opened with, as far as it cannot change while it runs. */
  readonly opened: Pick<Observation, 'package' | 'engine' | 'memoryMiB' | 'serial'>
  readonly stateFile: StateFile
  readonly snapshots: Pick<Snapshots, 'list' | 'take' | 'thumbnail' | 'planRevert' | 'rename' | 'delete'>
  /** Null where nothing can hold its disks to a limit: none may be set then. */
  readonly growth: DiskGrowth | null
  /** Null for a VM without a network. */
  readonly network: Pick<GuestNetwork, 'apply' | 'observed' | 'use' | 'view'> | null
  /** Null for a VM without a channel to an agent. */
  readonly guest: Pick<GuestWatch, 'view' | 'shutDown' | 'onChange'> | null
  /** What the switch itself serves; null for a VM without a network card. */
  readonly services: Pick<GuestServices, 'apply' | 'reread' | 'readGuestInfo'> | null
  /** Null for a VM without drives. */
  readonly media: Pick<DriveMedia, 'drives' | 'in' | 'insert' | 'eject'> | null
  /** Null for a VM without a USB controller. */
  readonly usb: Pick<UsbDevices, 'list' | 'attach' | 'detach' | 'enforce' | 'onChange'> | null
  /** How much of the package is on this device. */
  content(): SessionView['content']
  /** Called when the session ended in good order, while its disks are still open; never fails. */
  settled(end: GoodEnd): Promise<void>
  /** Closes disks, servers and sockets, in that order; the VM process is gone by then. */
  release(): Promise<void>
}

/** Told by whoever serves the disks; a late chunk holds, an altered one blocks. */
export interface DiskWatch {
  late(disk: string): void
  arrived(): void
  failed(fault: unknown): void
}

/** Gives up when the signal fires: whoever ends the session does not wait for what does not come. */
export type Launch = (watch: DiskWatch, signal: AbortSignal) => Promise<Launched>

export class Session {
  readonly events: EventLog
  #plan: LaunchPlan
  #phase: Phase = 'open'
  #state: SessionState = 'locked'
  #reason: BlockedReason | null = null
  #launched: Launched | null = null
  /** The limit that the launched one is held to. */
  #growthMiB: number | null = null
  #growthSet: Promise<void> = Promise.resolve()
  /** In KiB a second; what the launched one is held to, or is about to be. */
  #diskRate: number | null = null
  #queue: Promise<void> = Promise.resolve()
  readonly #holds = new Holds()
  readonly #launching = new AbortController()
  readonly #launch: Launch
  readonly #listeners = new Set<() => void>()
  readonly #ended = Promise.withResolvers<void>()

  constructor(plan: LaunchPlan, launch: Launch, events: EventLog) {
    this.#plan = plan
    this.#launch = launch
    this.events = events
  }

  get state(): SessionState {
    return this.#state
  }

  get plan(): LaunchPlan {
    return this.#plan
  }

  /** What the plan and its deadlines leave the VM this moment. */
  get inForce(): InForce {
    return inForce(this.#plan, this.#phase)
  }

  /** What was opened and what is enforced this moment, read off the parts that do it; null while there is no VM. */
  observe(): Observation | null {
    if (this.#launched === null) return null
    const { vm, opened, network } = this.#launched
    return {
      ...opened,
      state: vm.state,
      network: network?.observed() ?? { mode: 'none' },
      clipboard: this.inForce.clipboard,
      exit: this.#plan.exit,
    }
  }

  /** Null while there is no VM. @throws EngineError of a VM that does not answer */
  async stats(): Promise<SessionStats | null> {
    if (this.#launched === null) return null
    const { vm, network } = this.#launched
    const { disks, ...used } = await vm.stats()
    return { ...used, disks: disks === null ? null : [...disks], network: network?.use() ?? null }
  }

  /** Of the card of the VM; null while there is none. */
  network(): NetworkView | null {
    return this.#launched?.network?.view() ?? null
  }

  /** The VM's RFB socket while there is something to show. */
  get displaySocket(): string | null {
    return this.#launched !== null && (this.#state === 'running' || this.#state === 'paused') ? this.#launched.vm.displaySocket : null
  }

  /** Resolves when the session is over and everything of it is closed. */
  get ended(): Promise<void> {
    return this.#ended.promise
  }

  onChange(listener: () => void): () => void {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }

  /** Opens the instance and starts its VM; a fault blocks instead of throwing. */
  open(): Promise<void> {
    return this.#inTurn(async () => {
      this.#step('unlock')
      await this.#bringUp()
    })
  }

  async #bringUp(): Promise<void> {
    const watch: DiskWatch = {
      late: (disk) => this.hold('disk', { disk }),
      arrived: () => this.release('disk'),
      failed: (fault) => this.block(fault),
    }
    const launched = await this.#launch(watch, this.#launching.signal)
    this.#launched = launched
    this.#growthMiB = null
    this.#diskRate = null
    await this.#enforce()
    launched.guest?.onChange(() => this.#changed())
    launched.usb?.onChange(() => this.#changed())
    launched.vm.on('starved', (disk) => void this.#starved(launched, disk))
    void launched.vm.exited.then((exit) => {
      // One that made room for another is of no concern.
      if (this.#launched === launched) this.#vmExited(exit.state, exit.message)
    })
    await this.#settle()
    if (this.#state === 'preparing') {
      this.#step('started')
      if (!this.#holds.none) this.#step('held')
    }
  }

  /**
   * Asks something of the snapshots, in turn with everything else; what is refused or fails changes nothing and blocks nothing.
   * @throws SnapshotError `snapshot-not-now` unless the session is running or paused
   */
  withSnapshots<T>(act: (launched: Launched) => Promise<T>): Promise<T> {
    const answer = this.#queue.then(() => act(this.#open()))
    // A machine that a failure left standing goes on, or the session blocks.
    void this.#inTurn(() => answer.then(() => undefined).catch(() => this.#settle()))
    return answer
  }

  /**
   * Ends the VM as it is and comes up again from a snapshot.
   * @throws SnapshotError as `withSnapshots` and `planRevert`; the VM then goes on. What fails later blocks.
   */
  async revert(id: string): Promise<void> {
    const planned = Promise.withResolvers<void>()
    const done = this.#inTurn(async () => {
      try {
        const { snapshots } = this.#open()
        await snapshots.planRevert(this.#plan, id)
      } catch (refusal) {
        planned.reject(refusal)
        return
      }
      planned.resolve()
      this.events.add('reverting', { snapshot: id })
      const launched = this.#launched
      this.#step('reverting')
      this.#launched = null
      await launched?.vm.stop()
      await launched?.release()
      await this.#bringUp()
    })
    await planned.promise
    await done
  }

  #open(): Launched {
    if (this.#launched === null || (this.#state !== 'running' && this.#state !== 'paused'))
      throw new SnapshotError('snapshot-not-now', `a session that is \`${this.#state}\` leaves its snapshots alone`)
    return this.#launched
  }

  hold(reason: Hold, data: Readonly<Record<string, string>> = {}): void {
    if (!this.#holds.add(reason)) return
    this.events.add('held', { reason, ...data })
    void this.#inTurn(() => this.#settle())
  }

  release(reason: Hold): void {
    if (!this.#holds.remove(reason)) return
    this.events.add('released', { reason })
    void this.#inTurn(() => this.#settle())
  }

  /** A disk that the limit of growth keeps from growing is another matter than one that is silent: waiting does not help. */
  async #starved(launched: Launched, disk: string): Promise<void> {
    this.hold('disk', { disk })
    // One that made room for another is of no concern.
    const isOver = () => this.#launched !== launched
    try {
      const why = (await launched.growth?.whyStarved(disk)) ?? 'other'
      if (isOver()) return
      if (why === 'held') this.hold('disk-limit', { disk })
      if (why !== 'other') this.release('disk')
    } catch (fault) {
      if (!isOver()) this.block(fault)
    }
  }

  /** @throws EngineError `capability-missing` */
  async #limitGrowth({ growth }: Launched, limitMiB: number | null): Promise<void> {
    if (growth === null && limitMiB !== null) throw new EngineError('capability-missing', 'nothing can hold these disks to `limit:disk-growth`')
    if (limitMiB === this.#growthMiB) return await this.#growthSet
    this.#growthMiB = limitMiB
    // One after the other: where one fails the session blocks, so what was asked for last counts.
    this.#growthSet = this.#growthSet.then(() => growth?.set(limitMiB === null ? null : limitMiB * 2 ** 20))
    await this.#growthSet
    this.release('disk-limit')
  }

  /** Where it fails the session blocks, so what was asked for last counts. */
  async #limitDiskRate({ vm }: Launched, kibPerSecond: number | null): Promise<void> {
    if (kibPerSecond === this.#diskRate) return
    this.#diskRate = kibPerSecond
    await vm.setDiskRate(kibPerSecond)
  }

  /** Fails closed: the CPUs stop, the screen closes, only ending is left. */
  block(fault: unknown): void {
    if (this.#reason !== null || this.#state === 'suspended' || this.#state === 'locked') return
    this.#reason = blockedBy(fault)
    this.events.add('blocked', { code: this.#reason.code, detail: this.#reason.detail, altered: alteredObject(fault) })
    this.#step('fault')
    void this.#inTurn(() => this.#settle())
  }

  /** A new plan for the running VM, in force when this returns. */
  async replan(plan: LaunchPlan): Promise<void> {
    this.#plan = plan
    this.events.add('replanned')
    await this.#enforce()
  }

  /** A deadline of the plan has passed, or a new plan has moved it. */
  enter(phase: Phase): void {
    if (phase === this.#phase) return
    this.#phase = phase
    this.events.add('deadline', { phase })
    void this.#enforce()
    if (phase === 'over') void this.close('suspend')
  }

  /** Requests that would be taken now, given state and plan. */
  get requests(): readonly SessionRequest[] {
    return requestsOf(this.#state, this.#plan, this.#holds.list)
  }

  /** Carries out a request that `requests` offers; the caller has checked that. */
  async ask(request: SessionRequest): Promise<void> {
    this.events.add('asked', { request })
    if (request === 'pause') return this.hold('user')
    if (request === 'suspend') return this.close('suspend')
    if (request === 'power-off') return this.close('power-off')
    if (request === 'resume') {
      this.release('user')
      this.release('disk')
      return this.#queue
    }
    return this.#inTurn(async () => {
      if (request === 'reset') await this.#launched?.vm.reset()
      else await this.#shutDown()
    })
  }

  /** Puts the image at `path` into a drive, or takes out what is there. @throws MediumError, EngineError */
  async changeMedium(drive: DriveName, path: string | null): Promise<void> {
    if (!drivesInForce(this.#plan, this.#phase).includes(drive))
      throw new MediumError('drive-refused', `the policies of this desktop give it no \`${drive}\` drive now`)
    const media = this.#launched?.media ?? null
    if (media?.drives.includes(drive) !== true || (this.#state !== 'running' && this.#state !== 'paused'))
      throw new MediumError('drive-refused', `a session that is \`${this.#state}\` takes no medium now`)
    if (path === null) await media.eject(drive)
    else await media.insert(drive, path)
    this.events.add(path === null ? 'medium-ejected' : 'medium-inserted', { drive, ...(path === null ? {} : { name: media.in(drive) }) })
    this.#changed()
  }

  /**
   * Gives the guest a USB device of the host, or takes it back; both are in the events.
   * @throws UsbError
   */
  async changeUsb(device: string, attached: boolean): Promise<void> {
    if (attached && blocksUsb(usbInForce(this.#plan, this.#phase)))
      throw new UsbError('usb-refused', 'the policies of this desktop give it no USB device now')
    if (this.#launched === null || (this.#state !== 'running' && this.#state !== 'paused'))
      throw new UsbError('usb-not-now', `a session that is \`${this.#state}\` takes no USB device`)
    const { usb } = this.#launched
    if (usb === null) throw new UsbError('usb-unsupported', 'the machine of this desktop has no USB controller: its `machine.yaml` names none')
    if (attached) await usb.attach(device)
    else if (!(await usb.detach(device))) throw new UsbError('usb-unknown', `this desktop has no USB device \`${device}\``)
  }

  /** Takes up which folders the user gives the guest; null where there is nothing that serves them. */
  async readFolders(): Promise<readonly FolderView[] | null> {
    return (await this.#launched?.services?.reread()) ?? null
  }

  /** Takes up what the user tells the guest; null as above. */
  async readGuestInfo(): Promise<GuestInfoView | null> {
    return (await this.#launched?.services?.readGuestInfo()) ?? null
  }

  /** By its agent where one answers, which a guest without ACPI or a locked screen obeys too; by the power button otherwise. */
  async #shutDown(): Promise<void> {
    const asked = (await this.#launched?.guest?.shutDown()) ?? false
    if (!asked) await this.#launched?.vm.powerButton()
  }

  /** Ends the session; a VM that cannot be suspended stays closed to everyone and is reported as blocked. */
  close(how: 'suspend' | 'power-off'): Promise<void> {
    if (this.#state === 'preparing') this.#launching.abort()
    return this.#inTurn(async () => {
      if (this.#state === 'locked' || this.#state === 'suspended') return
      const saves = how === 'suspend' && this.#state !== 'blocked'
      this.#step('closing')
      const launched = this.#launched
      if (launched === null) {
        this.#finish('stopped')
        return
      }
      if (saves) await launched.vm.suspend(launched.stateFile)
      else await launched.vm.stop()
      if (saves) await launched.settled('suspended')
      await launched.release()
      this.#finish(saves ? 'saved' : 'stopped')
    })
  }

  view(): SessionView {
    const { session, instance, desktop, engine, network, clipboard } = this.#plan
    return {
      session,
      instance,
      desktop,
      package: this.#plan.package,
      engine,
      state: this.#state,
      holds: [...this.#holds.list],
      reason: this.#reason,
      requests: [...this.requests],
      network: network.mode,
      quarantine: quarantineWords(this.#plan),
      clipboard: { toGuest: clipboard.toGuest.allowed, fromGuest: clipboard.fromGuest.allowed },
      content: this.#launched?.content() ?? null,
      guest: this.#launched?.guest?.view ?? null,
      drives: (this.#launched?.media?.drives ?? [])
        .filter((drive) => this.#plan.drives[drive] !== 'none')
        .map((drive) => ({ drive, medium: this.#launched?.media?.in(drive) ?? null })),
      usb: [...(this.#launched?.usb?.list ?? [])],
    }
  }

  /** Rules, rate and USB are in force at once, drives are empty once it resolves. */
  async #enforce(): Promise<void> {
    try {
      this.#launched?.network?.apply(this.inForce.network, this.#plan.limits.networkKbitPerSecond)
      this.#launched?.vm.setProcessorPercent(this.#plan.limits.processorPercent)
      const { usb, services } = this.#launched ?? {}
      // First what needs no answer of the engine.
      await Promise.all([
        usb?.enforce(usbInForce(this.#plan, this.#phase)),
        services?.apply(sharingInForce(this.#plan, this.#phase)),
        this.#launched === null ? undefined : this.#limitGrowth(this.#launched, this.#plan.limits.diskGrowthMiB),
        this.#launched === null ? undefined : this.#limitDiskRate(this.#launched, this.#plan.limits.diskKiBPerSecond),
        this.#emptyDrives(),
      ])
    } catch (fault) {
      this.block(fault)
    }
    this.#changed()
  }

  /** Those that the plan no longer gives, and all once the VM is restricted. */
  async #emptyDrives(): Promise<void> {
    const media = this.#launched?.media ?? null
    const given = drivesInForce(this.#plan, this.#phase)
    for (const drive of media?.drives ?? []) {
      if (!given.includes(drive) && (await media?.eject(drive))) this.events.add('medium-ejected', { drive })
    }
  }

  /** Brings the VM to where state and holds want it. */
  async #settle(): Promise<void> {
    const vm = this.#launched?.vm
    if (vm === undefined) return
    const mayRun = this.#holds.none && (this.#state === 'preparing' || this.#state === 'running' || this.#state === 'paused')
    if (mayRun && vm.state === 'prepared') await vm.start()
    else if (mayRun && (vm.state === 'paused' || vm.state === 'starved')) await vm.resume()
    else if (!mayRun && (vm.state === 'running' || vm.state === 'starved')) await vm.pause()
    if (this.#state === 'running' && !this.#holds.none) this.#step('held')
    if (this.#state === 'paused' && this.#holds.none) this.#step('released')
  }

  #vmExited(state: 'suspended' | 'stopped' | 'failed', message: string): void {
    if (this.#state === 'ending' || this.#state === 'blocked') return
    if (state === 'failed') {
      this.block(Object.assign(new Error(message), { code: 'vm-exited' }))
      return
    }
    void this.#inTurn(async () => {
      await this.#launched?.settled('guest-off')
      await this.#launched?.release()
      this.events.add('guest-powered-off')
      this.#finish('stopped')
    })
  }

  #finish(step: 'saved' | 'stopped'): void {
    this.#step(step)
    this.#launched = null
    this.#ended.resolve()
  }

  /** One change at a time; a fault in any of them blocks. */
  #inTurn(change: () => Promise<void>): Promise<void> {
    this.#queue = this.#queue.then(change).catch((fault: unknown) => this.block(fault))
    return this.#queue
  }

  #step(step: SessionStep): void {
    const next = after(this.#state, step)
    if (next === null) return
    this.#state = next
    this.events.add('state', { state: next })
    this.#changed()
  }

  #changed(): void {
    for (const listener of this.#listeners) listener()
  }
}
