// SPDX-License-Identifier: Apache-2.0
//
// An enrolled device at work: contact, sessions, journal, and the calls of the local door that need them.
import { randomBytes } from 'node:crypto'
import { realpath } from 'node:fs/promises'
import { settingOf } from '@casemate/policy/decision'
import type { Facts, Request } from '@casemate/policy/facts'
import { type Assignment, desktopOf } from '@casemate/policy/lease'
import { slug } from '@casemate/policy/names'
import { openPackageKey } from '@casemate/policy/package-key'
import type { PasswordRules } from '@casemate/policy/password'
import { reason } from '@casemate/policy/reason'
import type {
  DaemonRequest,
  DaemonResponse,
  DesktopView,
  EscrowView,
  FolderList,
  GuestInfoView,
  InstanceView,
  MediumChange,
  SessionRequest,
  SessionStats,
  SessionView,
  StatusView,
  UsbChange,
} from '../local-api.ts'
import { rememberedView } from '../session-host/guest-info/remembered-view.ts'
import { changeSetValue, readSetValues } from '../session-host/guest-info/set-values.ts'
import { overwriteInstanceKey } from '../session-host/instance-keys.ts'
import { guestPorts } from '../session-host/sharing/ports.ts'
import { shareable } from '../session-host/sharing/shareable.ts'
import { addFolder, readFolders, removeFolder } from '../session-host/sharing/shared-folders.ts'
import { endOver, leaveAdministratorMode } from './administrator-mode/end.ts'
import { enterAdministratorMode } from './administrator-mode/enter.ts'
import { checkIn } from './check-in/check-in.ts'
import { ContactLoop } from './check-in/contact-loop.ts'
import { type Decided, decideDesktop } from './decision/decide-desktop.ts'
import { viewDesktop } from './desktop-view.ts'
import { type Device, factsOf } from './device.ts'
import { type DesktopDocuments, readDesktop } from './documents/desktop-documents.ts'
import { type EngineReport, engineFacts } from './engines.ts'
import { isStorageFull, RuntimeError } from './error.ts'
import { isAccepted, noteAcceptance } from './eula/acceptances.ts'
import { eulaText } from './eula/eula-text.ts'
import { explainDesktop } from './explain-desktop.ts'
import { type Imported, importHandover } from './handover/import-handover.ts'
import type { Imports } from './handover/imports.ts'
import { viewInstance } from './instance-view.ts'
import { activate, passwordRules, refusalOf } from './instances/activate.ts'
import { type ClosedDesktop, type Unlocked, withClosedDesktop } from './instances/closed-desktop.ts'
import { renewShares, sendShares } from './instances/escrow.ts'
import { type InstanceRecord, listInstances, readInstance } from './instances/instance-store.ts'
import { openInstance, setPassword } from './instances/open-instance.ts'
import { readSettledInstance } from './instances/password-floor.ts'
import { resetPassword } from './instances/reset-password.ts'
import { sendReports, takeReceipt } from './journal/send-report.ts'
import { ObjectFetches } from './local-door/object-fetches.ts'
import { boundTo } from './move/bound-to.ts'
import { completeMove } from './move/complete-move.ts'
import { importInstance } from './move/import-instance.ts'
import { offerRescue, type RescueOffer, useRescueCode } from './overrides/rescue.ts'
import { takeOverride } from './overrides/take-override.ts'
import { namesOfPlan, Sessions, type SnapshotHost, type StartHost } from './sessions/sessions.ts'
import { writeWhole } from './update/write-whole.ts'

export interface RuntimeOptions {
  readonly device: Device
  readonly engine: 'auto' | 'qemu' | 'v86'
  readonly startHost: StartHost
  readonly probe: () => Promise<EngineReport>
  readonly tickMs: number
  /** What the launcher shows may have changed. */
  readonly changed: () => void
  readonly imports: Imports
}

type UnlockedForStart = Unlocked & { readonly record: InstanceRecord; readonly documents: DesktopDocuments }

const patientFailures = 3
const longestWait = 300

export class Runtime {
  readonly device: Device
  readonly #options: RuntimeOptions
  readonly #sessions: Sessions
  readonly #contact: ContactLoop
  #engines: Promise<Facts['engines']> | null = null
  #waitSeconds = 60
  #wasBehind = false
  readonly #refusedOverrides = new Set<string>()
  #lastTick: number
  #timer: NodeJS.Timeout | null = null
  #ticking: Promise<void> = Promise.resolve()
  #turn: Promise<unknown> = Promise.resolve()
  #remembering: Promise<void> = Promise.resolve()
  #importing: Promise<unknown> = Promise.resolve()

  private constructor(options: RuntimeOptions) {
    this.#options = options
    this.device = options.device
    this.#lastTick = options.device.clock.local.mono
    this.#sessions = new Sessions({
      device: options.device,
      startHost: options.startHost,
      decide: async (record, request) => {
        const instance = await readInstance(options.device.layout, record.instance)
        return this.#decide(instance, request, 'passed', { authenticatedAt: record.startedAt, screenLocked: record.plan.screenLock.locked })
      },
      onChange: () => {
        options.changed()
        this.#contact.wake()
      },
    })
    this.#contact = new ContactLoop({ waitSeconds: () => this.#waitSeconds, contact: (contact) => this.#checkIn(contact), onState: options.changed })
  }

  static async open(options: RuntimeOptions): Promise<Runtime> {
    const runtime = new Runtime(options)
    const { journal, version } = options.device
    if (journal.fault === null) await journal.append({ type: 'runtime-started', data: { runtimeVersion: version } })
    await runtime.#sessions.attach()
    runtime.#contact.start()
    runtime.#timer = setInterval(() => {
      runtime.#ticking = runtime.#ticking.then(() => runtime.#tick()).catch(() => undefined)
    }, options.tickMs)
    return runtime
  }

  async close(): Promise<void> {
    if (this.#timer !== null) clearInterval(this.#timer)
    this.#sessions.stop()
    await this.#contact.stop()
    await this.#ticking
    const { journal, console } = this.device
    try {
      if (journal.fault === null) await journal.append({ type: 'runtime-stopped', data: {} })
    } catch (error) {
      // Then it ends as after a kill, without a last line.
      if (!isStorageFull(error)) throw error
    } finally {
      console.close()
    }
  }

  async status(): Promise<Omit<StatusView, 'version' | 'clock'>> {
    const { enrolment, leases, journal, leaseFault, layout } = this.device
    const { device, organisation, title, address } = enrolment
    const { lease } = leases
    const instances = await Promise.all((await listInstances(layout)).map((record) => this.#view(record)))
    return {
      enrolment: { device, organisation, title, address },
      contact: { ...this.#contact.state, at: leases.contact.contactAt },
      lease: lease === null ? null : { seq: lease.seq, exp: lease.exp, action: lease.action },
      leaseFault: lease === null || leases.contact.contactAt === null ? leaseFault : null,
      journal: { seq: journal.head.seq, unreceipted: journal.unreceipted, fault: journal.fault?.code ?? null },
      instances,
    }
  }

  /** The desktops that the lease assigns. */
  async desktops(): Promise<readonly DesktopView[]> {
    return await Promise.all((this.device.leases.lease?.assign ?? []).map((assigned) => this.#viewDesktop(assigned)))
  }

  /** @throws RuntimeError `desktop-unknown`, `setting-unknown` */
  async why({ desktop, setting }: DaemonRequest<'why'>): Promise<DaemonResponse<'why'>> {
    const assigned = this.device.leases.lease?.assign.find((assignment) => desktopOf(assignment) === desktop)
    if (assigned === undefined) throw desktopUnknown(desktop)
    const { title, serial, reasons, administrator } = await this.#viewDesktop(assigned)
    return { desktop, title, serial, reasons, administrator, settings: [...(await explainDesktop(this.device, assigned, setting))] }
  }

  async activate(request: DaemonRequest<'activate'>): Promise<DaemonResponse<'activate'>> {
    this.#checkJournal()
    const engines = await this.#engineFacts()
    await this.#checkAcceptance(request.desktop)
    const { record, escrow } = await this.#contact.exclusive(() => activate(this.device, engines, this.#options.engine, request))
    this.#contact.wake()
    return { ...(await this.#view(record)), escrow }
  }

  async eula(desktop: string): Promise<{ sha256: string; text: string; accepted: boolean }> {
    const sha256 = await this.#eulaOf(desktop)
    if (sha256 === null) throw new RuntimeError('eula-none', `\`${desktop}\` has no licence to accept`)
    return { sha256, text: await eulaText(this.device, sha256), accepted: await isAccepted(this.device.layout, desktop, sha256) }
  }

  /** Of the text that was read: another one in the meantime is not accepted with it. */
  async acceptEula(desktop: string, sha256: string): Promise<{ desktop: string; sha256: string }> {
    this.#checkJournal()
    const wanted = await this.#eulaOf(desktop)
    if (wanted !== sha256) throw new RuntimeError('eula-changed', `the licence of \`${desktop}\` is another one by now`)
    await eulaText(this.device, sha256)
    await noteAcceptance(this.device, desktop, sha256)
    this.#contact.wake()
    this.#options.changed()
    return { desktop, sha256 }
  }

  /** One at a time, also with starts: two changes of one password are never mixed. */
  setPassword({ instance, current, password }: DaemonRequest<'setPassword'>): Promise<DaemonResponse<'setPassword'>> {
    return this.#newPassword(instance, (record, rules) => setPassword(this.device, record, rules, { current, password }))
  }

  resetPassword({ instance, shares, password }: DaemonRequest<'resetPassword'>): Promise<DaemonResponse<'resetPassword'>> {
    return this.#newPassword(instance, (record, rules) => resetPassword(this.device, record, rules, { shares, password }))
  }

  /** @throws as `importInstance` */
  importInstance(folder: string): Promise<DaemonResponse<'importInstance'>> {
    return this.#loosening(async () => {
      const { instance, desktop } = await importInstance(this.device, folder)
      return { instance, desktop }
    })
  }

  completeMove({ instance, ...completion }: DaemonRequest<'completeMove'>): Promise<DaemonResponse<'completeMove'>> {
    return this.#newPassword(instance, (record, rules) => this.#contact.exclusive(() => completeMove(this.device, record, rules, completion)))
  }

  #newPassword(instance: string, set: (record: InstanceRecord, rules: PasswordRules | null) => Promise<EscrowView | null>) {
    return this.#inTurn(async () => {
      this.#checkJournal()
      const record = await readSettledInstance(this.device.layout, instance)
      const escrow = await set(record, await passwordRules(this.device, await this.#engineFacts(), record.desktop))
      this.#contact.wake()
      this.#options.changed()
      return { instance, escrow }
    })
  }

  /** @throws PolicyError as `verifyOverride` */
  async takeOverride(token: string): Promise<DaemonResponse<'takeOverride'>> {
    this.#checkJournal()
    const { id, desktop, kind, exp } = await this.#contact.exclusive(() => takeOverride(this.device, token))
    await this.#sessions.redecide()
    this.#options.changed()
    return { id, desktop, kind, expires: exp }
  }

  /** @throws as `enterAdministratorMode` of `administrator-mode/enter.ts` */
  enterAdministratorMode(request: DaemonRequest<'enterAdministratorMode'>): Promise<DaemonResponse<'enterAdministratorMode'>> {
    return this.#loosening(async () => {
      await this.device.clock.tick()
      const { desktop, exp, exceptions } = await enterAdministratorMode(this.device, request)
      return { desktop, until: exp, settings: exceptions.map(({ setting }) => setting) }
    })
  }

  leaveAdministratorMode(desktop: string): Promise<DaemonResponse<'leaveAdministratorMode'>> {
    return this.#loosening(async () => {
      await leaveAdministratorMode(this.device, desktop)
      return { desktop }
    })
  }

  /** What it changes reaches sessions that run, the journal and the launcher before it counts as done. */
  async #loosening<T>(act: () => Promise<T>): Promise<T> {
    this.#checkJournal()
    // Also what was refused is reported.
    const done = await this.#inTurn(act).finally(() => this.#contact.wake())
    await this.#sessions.redecide()
    this.#options.changed()
    return done
  }

  /** @throws RuntimeError `rescue-none`, `desktop-unknown` */
  async askRescue(desktop: string): Promise<DaemonResponse<'askRescue'>> {
    return { desktop, ...(await this.#rescueOffer(desktop)).offer }
  }

  /** @throws RuntimeError as {@link askRescue}; PolicyError as `verifyRescueCode` */
  async rescue(desktop: string, code: string): Promise<DaemonResponse<'rescue'>> {
    this.#checkJournal()
    await this.device.clock.tick()
    return this.#loosening(async () => {
      const { offer, record } = await this.#rescueOffer(desktop)
      // As it stands in this turn: a code that ends a lock writes the instance, and never an older key of it.
      await useRescueCode(this.device, await readSettledInstance(this.device.layout, record.instance), offer, code)
      return { desktop, problem: offer.problem }
    })
  }

  async #rescueOffer(desktop: string): Promise<{ readonly offer: RescueOffer; readonly record: InstanceRecord }> {
    const record = (await listInstances(this.device.layout)).find((instance) => instance.desktop === desktop)
    if (record === undefined) throw new RuntimeError('desktop-unknown', `\`${desktop.slice(0, 80)}\` is not activated on this computer`)
    const { decision } = await this.#decide(record, { kind: 'power-on', session: 'rescue', engine: record.engine }, 'passed')
    const reasons = decision.allowed ? [] : decision.reasons
    const offer = await offerRescue(this.device, await this.#engineFacts(), desktop, reasons)
    if (offer === null)
      throw new RuntimeError('rescue-none', `there is nothing about \`${desktop}\` that a code of the help desk could mend`, { reasons })
    return { offer, record }
  }

  /** One start at a time, so that an instance is never opened twice. */
  start(request: DaemonRequest<'start'>): Promise<InstanceView> {
    return this.#inTurn(() => this.#start(request))
  }

  #inTurn<T>(act: () => Promise<T>): Promise<T> {
    const done = this.#turn.then(act)
    this.#turn = done.catch(() => undefined)
    return done
  }

  async stop(instance: string, how: 'suspend' | 'power-off'): Promise<InstanceView> {
    const record = await readInstance(this.device.layout, instance)
    await this.#sessions.close(instance, how)
    return this.#view(record)
  }

  /** @throws RuntimeError `session-unknown`, `request-refused` */
  async ask(instance: string, request: SessionRequest): Promise<InstanceView> {
    const record = await readInstance(this.device.layout, instance)
    await this.#sessions.ask(instance, request)
    return this.#view(record)
  }

  /** @throws RuntimeError `session-unknown`, MediumError */
  async changeMedium(instance: string, change: MediumChange): Promise<InstanceView> {
    const record = await readInstance(this.device.layout, instance)
    await this.#sessions.changeMedium(instance, change)
    return this.#view(record)
  }

  /** Of the instances that are open. */
  get openSessions(): readonly SessionView[] {
    return this.#sessions.list().flatMap(({ view }) => (view === null ? [] : [view]))
  }

  /** @throws RuntimeError `session-unknown`, UsbError */
  async changeUsb(instance: string, change: UsbChange): Promise<InstanceView> {
    const record = await readInstance(this.device.layout, instance)
    await this.#sessions.changeUsb(instance, change)
    return this.#view(record)
  }

  async folders(instance: string): Promise<FolderList> {
    const record = await readInstance(this.device.layout, instance)
    return (await this.#sessions.readFolders(record.instance)) ?? this.#remembered(instance)
  }

  /**
   * Remembered first, so that what its host takes up is what the next start does.
   * @throws FolderError
   */
  async shareFolder(instance: string, path: string, readOnly: boolean): Promise<FolderList> {
    const { layout } = this.device
    const record = await readInstance(layout, instance)
    const real = await shareable(path, layout)
    this.#sessions.needFolders(record.instance)
    await this.#remember(() => addFolder(layout.instance(record.instance), real, readOnly))
    return this.folders(instance)
  }

  /** Nobody can read or write it through the guest any more once it resolves. @throws FolderError `folder-unknown` */
  async unshareFolder(instance: string, path: string): Promise<FolderList> {
    const record = await readInstance(this.device.layout, instance)
    const real = await realpath(path).catch(() => path)
    await this.#remember(() => removeFolder(this.device.layout.instance(record.instance), real))
    return this.folders(instance)
  }

  async guestInfo(instance: string): Promise<GuestInfoView> {
    const record = await readInstance(this.device.layout, instance)
    const open = await this.#sessions.guestInfo(record.instance)
    return open ?? rememberedView(await readSetValues(this.device.layout.instance(record.instance)))
  }

  /** @param value null: no longer. @throws GuestInfoError */
  async setGuestInfo(instance: string, name: string, value: string | null): Promise<GuestInfoView> {
    const record = await readInstance(this.device.layout, instance)
    if (value !== null) this.#sessions.needGuestInfo(record.instance, name, value)
    await this.#remember(() => changeSetValue(this.device.layout.instance(record.instance), name, value))
    return this.guestInfo(instance)
  }

  /** One change after the other, of what users choose for their guests. */
  async #remember(change: () => Promise<void>): Promise<void> {
    const done = this.#remembering.then(change)
    this.#remembering = done.catch(() => undefined)
    await done
  }

  async #remembered(instance: string): Promise<FolderList> {
    const chosen = await readFolders(this.device.layout.instance(instance))
    const folders = chosen.map(({ place, ...folder }) => ({ ...folder, port: guestPorts.folders + place, state: 'not-shared' as const, code: null }))
    return { folders }
  }

  /**
   * What its session host is asked about the snapshots of an instance; it holds the plan, and refuses.
   * @throws RuntimeError `session-unknown`, SnapshotError
   */
  async withSnapshots<T>(instance: string, ask: (host: SnapshotHost, now: number) => Promise<T>): Promise<T> {
    await readInstance(this.device.layout, instance)
    await this.device.clock.tick()
    return ask(this.#sessions.hostOf(instance), this.device.clock.now)
  }

  /** Asks the session host of a desktop that is open; of another one what a start with this password would open. @throws SnapshotError */
  async ofDesktop<T>(
    { instance, password }: DaemonRequest<'start'>,
    open: (host: SnapshotHost) => Promise<T>,
    closed: (desktop: ClosedDesktop) => Promise<T>,
  ): Promise<T> {
    if (this.#sessions.isOpen(instance)) return this.withSnapshots(instance, open)
    return this.#whileClosed({ instance, password }, closed)
  }

  /** @throws SnapshotError; the refusals of a start for a desktop that is not open. */
  async revertSnapshot({ instance, snapshot, password }: DaemonRequest<'revertSnapshot'>): Promise<InstanceView> {
    const record = await readInstance(this.device.layout, instance)
    await this.#sessions.endBlocked(instance)
    if (this.#sessions.isOpen(instance)) await this.#sessions.revert(instance, snapshot)
    else {
      await this.#whileClosed({ instance, password }, (desktop) => desktop.revert(snapshot))
      await this.#sessions.forgetFault(instance)
    }
    return this.#view(record)
  }

  /** @throws RuntimeError `session-open`, `saved-state-none`, `saved-state-kept`, and the refusals of a start */
  async discardSaved({ instance, password }: DaemonRequest<'discardSaved'>): Promise<DaemonResponse<'discardSaved'>> {
    await readInstance(this.device.layout, instance)
    // A session's fault is on record once it is over.
    await this.#sessions.endBlocked(instance)
    const unusable = this.#sessions.lastFault(instance) === 'state-mismatch'
    const discarded = await this.#whileClosed({ instance, password }, (desktop) => desktop.discardSaved(unusable))
    await this.#sessions.forgetFault(instance)
    this.#contact.wake()
    this.#options.changed()
    return { instance, discarded: [...discarded] }
  }

  #whileClosed<T>(request: DaemonRequest<'start'>, act: (desktop: ClosedDesktop) => Promise<T>): Promise<T> {
    return this.#inTurn(async () => {
      const unlocked = await this.#unlock(request)
      try {
        return await withClosedDesktop(this.device, unlocked, act)
      } finally {
        overwriteInstanceKey(unlocked.instanceKey)
      }
    })
  }

  async stats(instance: string): Promise<SessionStats | null> {
    await readInstance(this.device.layout, instance)
    return this.#sessions.stats(instance)
  }

  async picture(instance: string): Promise<string | null> {
    await readInstance(this.device.layout, instance)
    return this.#sessions.picture(instance)
  }

  async network(instance: string): Promise<DaemonResponse<'network'>> {
    await readInstance(this.device.layout, instance)
    return this.#sessions.network(instance)
  }

  /** One at a time. @throws as `importHandover` */
  import(path: string): Promise<Imported> {
    this.#checkJournal()
    const done = this.#importing.then(() => importHandover(this.device, this.#options.imports, path, (act) => this.#contact.exclusive(act)))
    this.#importing = done.catch(() => undefined)
    return done.finally(this.#options.changed)
  }

  async #start(request: DaemonRequest<'start'>): Promise<InstanceView> {
    const unlocked = await this.#unlock(request)
    try {
      return await this.#startUnlocked(unlocked)
    } finally {
      overwriteInstanceKey(unlocked.instanceKey)
    }
  }

  async #startUnlocked({ record, plan, documents, instanceKey }: UnlockedForStart): Promise<InstanceView> {
    const { device } = this
    const { instance } = plan
    const wrapped = device.leases.lease?.assign.find((assigned) => desktopOf(assigned) === record.desktop)?.key ?? null
    if (wrapped === null) throw refusalOf([reason('activation-needed')])
    await renewShares(device, instance, instanceKey)
    const { key: packageKey, secrets } = await openPackageKey(wrapped, device.key, plan.package.sha256)
    await writeWhole(device.layout.manifest(plan.package.sha256), documents.manifest)
    const { serial } = documents.release.document
    const names = { session: plan.session, instance, desktop: record.desktop, serial }
    await device.journal.append({ type: 'decided', data: { ...names, allowed: true, reasons: [], ...(await namesOfPlan(plan)) } })
    // Its host has them by then, or there is none.
    await this.#sessions.start(plan, documents, { packageKey, instanceKey, secrets }).finally(() => packageKey.fill(0))
    this.#contact.wake()
    return this.#view(record)
  }

  /** All that has to hold before an instance is touched: decided for a start now, and its key opened. @throws RuntimeError `refused`, `session-open` */
  async #unlock({ instance, password }: DaemonRequest<'start'>): Promise<UnlockedForStart> {
    const { device } = this
    this.#checkJournal()
    const record = await readSettledInstance(device.layout, instance)
    if (this.#sessions.isOpen(instance)) throw new RuntimeError('session-open', `\`${instance}\` is open already`)
    await device.clock.tick()
    await this.#mendPackages()
    const session = `s-${randomBytes(8).toString('hex')}`
    const request = { kind: 'power-on' as const, session, engine: record.engine }
    // Nobody is asked for the password of a desktop that would not start.
    const first = await this.#decide(record, request, 'passed')
    if (!first.decision.allowed) return this.#refuse(record, session, first)
    const rules = await passwordRules(device, await this.#engineFacts(), record.desktop)
    const opened = await openInstance(device, record, rules, password)
    const decided = await this.#decide(opened.record, request, opened.authentication)
    const { decision, documents } = decided
    if (!decision.allowed && opened.key !== null) overwriteInstanceKey(opened.key)
    if (!decision.allowed) return this.#refuse(opened.record, session, decided)
    if (documents === null) throw refusalOf([reason('activation-needed')])
    if (opened.key === null) throw refusalOf([reason('authentication-missing', { mode: 'password' })])
    return { record, plan: decision.plan, documents, instanceKey: opened.key }
  }

  async #refuse({ instance, desktop }: InstanceRecord, session: string, { decision, documents }: Decided): Promise<never> {
    const reasons = decision.allowed ? [] : decision.reasons
    const serial = documents?.release.document.serial
    if (serial !== undefined) {
      const codes = reasons.map(({ code }) => code)
      const data = { session, instance, desktop, allowed: false, serial, reasons: codes, planSha256: null }
      await this.device.journal.append({ type: 'decided', data })
    }
    throw refusalOf(reasons)
  }

  async #decide(
    { instance, desktop, activatedAt, tries, key }: InstanceRecord,
    request: Pick<Request, 'kind' | 'session' | 'engine'>,
    authentication: Request['instance']['authentication'],
    screen: Pick<Request['instance'], 'authenticatedAt' | 'screenLocked'> = { authenticatedAt: null, screenLocked: false },
  ): Promise<Decided> {
    const shown = { authentication, authenticatedBy: 'password' as const, lockedUntil: tries.lockedUntil }
    const asked = { ...request, instance: { name: instance, activatedAt, boundTo: await boundTo(this.device, { key }), ...shown, ...screen } }
    return decideDesktop(this.device, await this.#engineFacts(), desktop, asked)
  }

  async #checkIn({ waitSeconds, failures, signal }: { readonly waitSeconds: number; readonly failures: number; readonly signal: AbortSignal }) {
    const { device } = this
    try {
      const engines = await this.#engineFacts()
      const sessions = this.#sessions.reports()
      const { receipt } = await checkIn(device, {
        waitSeconds,
        engines,
        sessions,
        withoutDocuments: failures >= patientFailures,
        signal,
        refusedOverrides: this.#refusedOverrides,
      })
      await this.#sessions.redecide()
      if (receipt !== null) await takeReceipt(this.#reporter, receipt)
      await this.#chooseWait()
      await this.#mendPackages()
      await sendShares(device)
    } finally {
      if (!signal.aborted) await this.#report()
    }
  }

  /** As sessions would have them: what came by hand first. */
  async #mendPackages(): Promise<void> {
    const { imports } = this.#options
    const { altered, console } = this.device
    await altered.mend(async (object) => (await imports.find(object)) ?? (await new ObjectFetches().fetch(console, object)).bytes)
  }

  /** The journal goes out whatever became of the lease: a full one is emptied only so. */
  async #report(): Promise<void> {
    const fault = await sendReports(this.#reporter)
    if (fault !== null) throw new RuntimeError('journal-altered', `the console's receipts and this journal do not agree (\`${fault}\`)`)
  }

  get #reporter() {
    const { journal, console, signer, documents, enrolment, clock } = this.device
    return { journal, console, signer, device: enrolment.device, now: () => clock.now, keys: () => documents.onlineKeys() }
  }

  /** The shortest interval that any desktop's policies ask for. */
  async #chooseWait(): Promise<void> {
    const { leases, documents, clock } = this.device
    const { lease } = leases
    let wait = longestWait
    for (const assigned of lease?.assign ?? []) {
      const held = await readDesktop(documents.place, desktopOf(assigned), lease).catch(() => undefined)
      if (held === undefined || lease === null) continue
      wait = Math.min(wait, settingOf(held.layers, lease, await factsOf(this.device, []), clock.now)('check-in'))
    }
    this.#waitSeconds = wait
  }

  async #tick(): Promise<void> {
    const { clock, leases, journal } = this.device
    await clock.tick()
    const { mono } = clock.local
    const elapsed = Math.max(0, mono - this.#lastTick)
    if (this.#sessions.running > 0) await leases.countRuntime(elapsed)
    this.#lastTick = mono
    if (journal.fault === null && (await endOver(this.device))) this.#contact.wake()
    await this.#sessions.tick()
    if (clock.behind && !this.#wasBehind && journal.fault === null) await journal.append({ type: 'clock-behind', data: clock.reading })
    this.#wasBehind = clock.behind
    this.#options.changed()
    if (journal.fault === null) await journal.writeCounts()
  }

  async #viewDesktop(assigned: Assignment): Promise<DesktopView> {
    const record = (await listInstances(this.device.layout)).find(({ desktop }) => desktop === desktopOf(assigned))
    return await viewDesktop(this.device, assigned, record, { engines: await this.#engineFacts(), engine: this.#options.engine })
  }

  #engineFacts(): Promise<Facts['engines']> {
    this.#engines ??= this.#options.probe().then(engineFacts, () => [])
    return this.#engines
  }

  /** Digest of the licence that the approved manifest names; null where it names none. @throws RuntimeError `desktop-unknown` */
  async #eulaOf(desktop: string): Promise<string | null> {
    const { documents, leases } = this.device
    const held = slug.safeParse(desktop).success ? await readDesktop(documents.place, desktop, leases.lease) : undefined
    if (held === undefined) throw desktopUnknown(desktop)
    return held.eula
  }

  async #checkAcceptance(desktop: string): Promise<void> {
    const sha256 = await this.#eulaOf(desktop)
    if (sha256 !== null && !(await isAccepted(this.device.layout, desktop, sha256))) throw refusalOf([reason('eula-not-accepted')])
  }

  /** What cannot be written down does not happen. */
  #checkJournal(): void {
    const { fault } = this.device.journal
    if (fault !== null) throw new RuntimeError(fault.code, fault.message, { cause: fault, reasons: [reason('decision-failed')] })
  }

  #view(record: InstanceRecord): Promise<InstanceView> {
    return viewInstance(this.#sessions, record, this.device.clock.now)
  }
}

function desktopUnknown(desktop: string): RuntimeError {
  return new RuntimeError('desktop-unknown', `there is no desktop \`${desktop.slice(0, 80)}\` for this computer`)
}
