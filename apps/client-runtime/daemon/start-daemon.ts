// SPDX-License-Identifier: Apache-2.0
//
// The daemon: enforces on this computer what an organisation approved. Whoever asks it (CLI, launcher page) decides nothing. Everything it
// must not lose is on disk before it acts on it, so that it may be killed at any moment; sessions outlive it and are taken up again.
import { mkdir, rm } from 'node:fs/promises'
import type { Server } from 'node:http'
import { dirname } from 'node:path'
import { HostUsb } from '@casemate/engine/usb-host'
import { layoutOf } from '../layout.ts'
import { closeServer } from '../session-host/close-server.ts'
import { lockInstance } from '../session-host/instance-lock.ts'
import { Changes } from './changes.ts'
import { type Clock, systemClock } from './clock/system-clock.ts'
import { VerifiedClock } from './clock/verified-clock.ts'
import { type DeviceOptions, openDevice } from './device.ts'
import { examine } from './doctor/doctor.ts'
import { type EngineReport, probeEngines } from './engines.ts'
import type { SoftwareKeeping } from './enrolment/device-key-file.ts'
import { enrol } from './enrolment/enrol.ts'
import { introduce } from './enrolment/introduce.ts'
import { enrolmentRecord } from './enrolment/organisation.ts'
import { RuntimeError } from './error.ts'
import { Imports } from './handover/imports.ts'
import { type HostProbes, linuxHost } from './host-facts/host-probes.ts'
import { openLauncherDoor } from './launcher-door/launcher-door.ts'
import { launcherToken } from './launcher-door/launcher-token.ts'
import { openLocalDoor } from './local-door/local-door.ts'
import { openObjectDoor } from './local-door/object-door.ts'
import type { DaemonCalls } from './local-door/serve-calls.ts'
import { Runtime } from './runtime.ts'
import type { StartHost } from './sessions/sessions.ts'
import { snapshotPictures } from './sessions/snapshot-pictures.ts'
import { startHostProcess } from './sessions/start-host-process.ts'
import { readState } from './state-file.ts'
import { listUsb } from './usb-view.ts'
import { VendorUpdate } from './vendor-update/vendor-update.ts'

export const runtimeVersion = '0.1.0'

export interface DaemonOptions {
  /** Data folder, absolute. */
  readonly data: string
  readonly clock?: Clock
  /** Which engine new instances get. */
  readonly engine?: 'auto' | 'qemu' | 'v86'
  /** How a software key of this device is kept; `carried` where the data folder goes from computer to computer. */
  readonly keeping?: SoftwareKeeping
  /** How hosts are started and engines found; default: for real. */
  readonly startHost?: StartHost
  readonly probe?: () => Promise<EngineReport>
  /** Who may update this runtime, as it was packaged; null: nobody by this way. */
  readonly vendorFile?: string | null
  /** How the host is looked at; default: for real. */
  readonly host?: HostProbes
  /** Which USB devices this host has; default: looked for. */
  readonly usb?: Pick<HostUsb, 'list'>
  /** Between two heartbeats. */
  readonly tickMs?: number
  /** Of the launcher's door, which stays shut without it; 0 for any free port. */
  readonly launcher?: { readonly port: number; readonly orAnother: boolean }
}

export interface Daemon {
  readonly socket: string
  /** Address of the launcher's page with its token; null where its door is shut. */
  readonly launcher: string | null
  /** Ends the daemon; sessions go on until their own watch misses it. */
  close(): Promise<void>
}

/** @throws RuntimeError `daemon-running`, `state-altered`, `device-key-elsewhere`, `journal-altered`, `port-taken`; the error of the system where a folder or socket cannot be made. */
export async function startDaemon(options: DaemonOptions): Promise<Daemon> {
  const { data, clock: source = systemClock(), engine = 'auto', keeping = 'sealed', startHost = startHostProcess(data), tickMs = 5000 } = options
  const layout = layoutOf(data)
  await mkdir(data, { recursive: true, mode: 0o700 })
  const unlock = await lockInstance(layout.daemonLock).catch((cause: unknown) => {
    throw new RuntimeError('daemon-running', `another daemon uses \`${data}\``, { cause })
  })
  const undo: (() => Promise<void>)[] = [unlock]
  const closeAll = async () => {
    for (const close of undo.splice(0).reverse()) await close()
  }
  const open = (server: Server) => undo.push(() => closeServer(server))
  try {
    await mkdir(dirname(layout.daemonSocket), { recursive: true, mode: 0o700 })
    undo.push(() => rm(layout.tpm, { recursive: true, force: true }))
    const clock = await VerifiedClock.open(source, layout.clock)
    const imports = await Imports.open(layout)
    const host = options.host ?? linuxHost(data)
    const probe = options.probe ?? (() => probeEngines(layout.engineCache))
    const changes = new Changes()
    const changed = () => changes.note()
    const deviceOptions: DeviceOptions = { layout, clock, version: runtimeVersion, keeping, host }
    const kept = await readState(layout.enrolment, enrolmentRecord)
    const opening = async (record: NonNullable<typeof kept>) =>
      Runtime.open({ device: await openDevice(record, deviceOptions), engine, startHost, probe, tickMs, changed, imports })
    let runtime = kept === undefined ? null : await opening(kept)
    undo.push(async () => runtime?.close())
    let enrolling = false
    let launcher: string | null = null
    open(await openObjectDoor(layout.objectSocket, imports, () => runtime?.device.console ?? null))
    const enrolled = () => {
      if (runtime === null) throw new RuntimeError('not-enrolled', 'this computer is not enrolled in an organisation')
      return runtime
    }
    const vendor = new VendorUpdate({
      ...{ place: layout.vendorUpdate, organisation: layout.update, vendorFile: options.vendorFile ?? null },
      ...{ version: runtimeVersion, platform: `${process.platform}-${process.arch}`, clock },
    })
    const status = async () => {
      const time = { version: runtimeVersion, clock: { now: clock.now, behind: clock.behind } }
      if (runtime !== null) return { ...time, ...(await runtime.status()) }
      return { ...time, enrolment: null, contact: null, lease: null, leaseFault: null, journal: null, instances: [] }
    }
    const calls: DaemonCalls = {
      introduce: ({ code }) => introduce(code, clock),
      enrol: async ({ code, key }) => {
        if (runtime !== null || enrolling) throw new RuntimeError('already-enrolled', 'this computer is enrolled in an organisation, or about to be')
        enrolling = true
        try {
          const { record, unverified } = await enrol(code, deviceOptions, key)
          runtime = await opening(record)
          await runtime.device.journal.append({ type: 'enrolled', data: { organisation: record.organisation, rootSha256: record.rootSha256 } })
          const { device, organisation, title, address } = record
          const assurance = runtime.device.leases.lease?.claims.assurance ?? 'software'
          return { device, organisation, title, address, assurance, unverified }
        } finally {
          enrolling = false
          changed()
        }
      },
      status,
      list: async () => ({ desktops: [...(await enrolled().desktops())] }),
      why: (request) => enrolled().why(request),
      eula: ({ desktop }) => enrolled().eula(desktop),
      acceptEula: ({ desktop, sha256 }) => enrolled().acceptEula(desktop, sha256),
      activate: (request) => enrolled().activate(request),
      setPassword: (request) => enrolled().setPassword(request),
      takeOverride: ({ token }) => enrolled().takeOverride(token),
      askRescue: ({ desktop }) => enrolled().askRescue(desktop),
      rescue: ({ desktop, code }) => enrolled().rescue(desktop, code),
      resetPassword: (request) => enrolled().resetPassword(request),
      enterAdministratorMode: (request) => enrolled().enterAdministratorMode(request),
      leaveAdministratorMode: ({ desktop }) => enrolled().leaveAdministratorMode(desktop),
      importInstance: ({ folder }) => enrolled().importInstance(folder),
      completeMove: (request) => enrolled().completeMove(request),
      start: (request) => enrolled().start(request),
      stop: ({ instance, how }) => enrolled().stop(instance, how),
      ask: ({ instance, request }) => enrolled().ask(instance, request),
      usb: () => listUsb(options.usb ?? new HostUsb(), runtime?.openSessions ?? []),
      changeUsb: ({ instance, ...change }) => enrolled().changeUsb(instance, change),
      folders: ({ instance }) => enrolled().folders(instance),
      shareFolder: ({ instance, path, readOnly }) => enrolled().shareFolder(instance, path, readOnly),
      unshareFolder: ({ instance, path }) => enrolled().unshareFolder(instance, path),
      guestInfo: ({ instance }) => enrolled().guestInfo(instance),
      setGuestInfo: ({ instance, name, value }) => enrolled().setGuestInfo(instance, name, value),
      changeMedium: ({ instance, ...change }) => enrolled().changeMedium(instance, change),
      snapshots: (request) =>
        enrolled().ofDesktop(
          request,
          (host) => host.snapshots(),
          (closed) => closed.snapshots(),
        ),
      snapshotPictures: async (request) => ({ pictures: [...(await enrolled().ofDesktop(request, snapshotPictures, snapshotPictures))] }),
      takeSnapshot: ({ instance, name }) => enrolled().withSnapshots(instance, (host, now) => host.takeSnapshot(name, now)),
      renameSnapshot: ({ instance, snapshot, name }) => enrolled().withSnapshots(instance, (host) => host.renameSnapshot(snapshot, name)),
      deleteSnapshot: ({ snapshot, ...request }) =>
        enrolled().ofDesktop(
          request,
          (host) => host.deleteSnapshot(snapshot),
          (closed) => closed.delete(snapshot),
        ),
      revertSnapshot: (request) => enrolled().revertSnapshot(request),
      discardSaved: (request) => enrolled().discardSaved(request),
      stats: async ({ instance }) => ({ stats: await enrolled().stats(instance) }),
      picture: async ({ instance }) => ({ png: await enrolled().picture(instance) }),
      network: ({ instance }) => enrolled().network(instance),
      import: ({ path }) => enrolled().import(path),
      watch: async ({ after, waitSeconds }) => {
        await changes.next(after, waitSeconds * 1000)
        // Named before it is looked at: what changes meanwhile is seen the next time.
        const { at } = changes
        return { at, status: await status(), desktops: [...((await runtime?.desktops()) ?? [])] }
      },
      checkUpdate: async () => {
        const required = runtime === null ? null : await runtime.device.documents.leastRuntime(runtime.device.leases.lease)
        return { running: runtimeVersion, newest: await vendor.check(), required }
      },
      downloadUpdate: async () => await vendor.download(),
      launcher: async () => ({ address: launcher }),
      doctor: async () => ({ checks: [...(await examine(await probe(), clock, runtime?.device ?? null))] }),
    }
    open(await openLocalDoor(layout.daemonSocket, calls))
    if (options.launcher !== undefined) {
      const door = await openLauncherDoor(calls, { ...options.launcher, token: await launcherToken(layout.launcherToken) })
      open(door.server)
      launcher = door.address
    }
    // First of all: whoever waits for a change waits no longer.
    undo.push(async () => changed())
    return { socket: layout.daemonSocket, launcher, close: closeAll }
  } catch (error) {
    await closeAll()
    throw error
  }
}
