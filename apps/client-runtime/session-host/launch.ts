// SPDX-License-Identifier: Apache-2.0
//
// From plan and secrets to an opened VM whose CPUs have not run, each step checked before the next: instance lock, manifest against
// the plan's SHA-256, package disks, warm state, the instance's own disks, the suspended state. Whatever fails is undone and thrown.
import { statfs } from 'node:fs/promises'
import { HostUsb } from '@casemate/engine/usb-host'
import type { VirtualMachine } from '@casemate/engine/virtual-machine'
import type { LaunchPlan } from '@casemate/policy/launch-plan'
import { openChunkCache } from '@casemate/vm-package/chunk-cache'
import type { ObjectSource } from '@casemate/vm-package/object-store'
import { openFolderStore } from '@casemate/vm-package/store'
import type { Layout } from '../layout.ts'
import { approvedManifest } from './approved-manifest.ts'
import { backendOf } from './backend.ts'
import type { BootRecord } from './boot-record.ts'
import { cachedFiles } from './cached-files.ts'
import { openMedium } from './customization/medium.ts'
import { daemonOrigin } from './daemon-origin.ts'
import { discardChanges } from './discard-changes.ts'
import { DriveMedia } from './drive-media.ts'
import type { EventLog } from './event-log.ts'
import { fixedValues } from './guest-info/fixed-keys.ts'
import { GuestWatch } from './guest-watch.ts'
import { inForce } from './in-force.ts'
import { isFresh, openInstanceDisks } from './instance-disks.ts'
import { overwriteDerived } from './instance-keys.ts'
import { lockInstance } from './instance-lock.ts'
import { type GoodEnd, runningTime, settleRelease } from './old-releases.ts'
import { openVm } from './open-vm.ts'
import { openOwnHardware } from './own-hardware.ts'
import { openPackageDisks } from './package-disks.ts'
import type { ReadSecrets } from './read-secrets.ts'
import { PackageScripts } from './scripts/package-scripts.ts'
import type { SerialCapture } from './serial-capture.ts'
import type { DiskWatch, Launched } from './session.ts'
import { GuestServices } from './sharing/guest-services.ts'
import { carryOutRevert } from './snapshots/revert.ts'
import { Snapshots } from './snapshots/snapshots.ts'
import { suspendedState } from './suspended-state.ts'
import { refuseUnenforced } from './unenforced.ts'
import { UsbDevices } from './usb/usb-devices.ts'
import { openVmNetwork } from './vm-network.ts'
import { machineShape, vmSpec } from './vm-spec.ts'
import { warmStart } from './warm-state/warm-start.ts'
import type { WrittenBlocks } from './warm-state/written-blocks.ts'
import type { Watermarks } from './watermarks.ts'

const CACHE_LIMIT = 20 * 1024 ** 3
/** Of a large disk; of a small one a twentieth. */
const LEFT_TO_OTHERS = 1024 ** 3

export interface LaunchInputs {
  readonly plan: LaunchPlan
  /** Its keys are the caller's, who overwrites them when no launch follows. */
  readonly secrets: ReadSecrets
  readonly layout: Layout
  readonly runtimeFolder: string
  readonly origin: string
  readonly disks: DiskWatch
  readonly events: EventLog
  readonly serial: SerialCapture
  readonly parallel: Pick<SerialCapture, 'add'>
  /** Notes in which order the disks are read; null where nobody wants to know. */
  readonly record: BootRecord | null
  /** Notes which blocks the VM writes; likewise. */
  readonly written: WrittenBlocks | null
  /** Over pictures that are kept. */
  readonly marks: Watermarks
  /** Gives up fetching. */
  readonly signal: AbortSignal
}

/** @throws PackageError, EngineError or InstanceBusy, each with its code; nothing is left open */
export async function launch(inputs: LaunchInputs): Promise<Launched> {
  const { plan, secrets, layout, runtimeFolder, disks: watch, events } = inputs
  const undo: (() => Promise<void>)[] = []
  /** All of it, whatever of it fails. */
  const release = async () => {
    const faults: unknown[] = []
    for (const close of undo.splice(0).reverse()) await close().catch((fault: unknown) => void faults.push(fault))
    if (faults.length > 0) throw faults[0]
  }
  try {
    refuseUnenforced(plan)
    const instance = layout.instance(plan.instance)
    const over = new AbortController()
    undo.push(async () => over.abort())
    const backend = await backendOf(plan, layout)
    backend.prepare?.(over.signal)
    undo.push(await lockInstance(instance.lock))
    const manifest = await approvedManifest(plan, layout)
    const discard = () => discardChanges({ plan, layout: instance }, manifest.disks)
    await discard()
    undo.push(discard)
    const { packageKey, instanceKey } = secrets
    undo.push(async () => overwriteDerived(instanceKey))
    const reverted = await carryOutRevert({ plan, layout: instance, instanceKey })
    if (reverted !== null) events.add('snapshot-brought-back')
    const origin = await openOrigin(inputs.origin, AbortSignal.any([over.signal, inputs.signal]))
    const onReadError = (fault: unknown) => {
      if (!isLate(fault)) watch.failed(fault)
    }
    const owner = { plan, layout: instance, instanceKey, runtimeFolder, onReadError, written: inputs.written }
    const cacheFolder = layout.objectCache
    const leaveBytes = await roomForOthers(instance.folder)
    const cache = await openChunkCache({ folder: cacheFolder, limitBytes: CACHE_LIMIT, leaveBytes, origin })
    const files = cachedFiles(origin, cache, events)
    const scripts = await PackageScripts.open({ plan, manifest, packageKey, files, events })
    let hasOpened = false
    let isSuspended = false
    undo.push(async () => {
      if (hasOpened && !isSuspended) await scripts?.powerOff()
    })
    await scripts?.powerOn(AbortSignal.any([over.signal, inputs.signal]))
    const warmSource = { manifest, packageKey, files, portable: backend.portable, shape: machineShape(plan, manifest), events }
    // Fetched while the disks are opened.
    const warming = (await isFresh(owner, manifest.disks)) ? warmStart(warmSource) : null
    warming?.catch(() => undefined)
    const packaged = await openPackageDisks({ manifest, packageKey, origin, cache, cacheFolder, files, watch, events, record: inputs.record })
    undo.push(() => packaged.close())
    const warm = await warming
    const owned = await openInstanceDisks(owner, manifest.disks, packaged.byName, warm)
    undo.push(() => owned.close())
    const medium = await openMedium({
      plan,
      manifest,
      packageKey,
      instanceKey,
      secrets: secrets.customization,
      layout: instance,
      origin,
      runtimeFolder,
    })
    undo.push(async () => medium?.close())
    const stateFile = suspendedState(plan, instance, instanceKey)
    const network = await openVmNetwork(plan, manifest.hardware, inForce(plan, 'open').network, layout, events)
    undo.push(async () => network.guest?.close())
    const printed = layout.printed(plan.desktop)
    const shared = { layout, instance, printed, runtimeFolder, fixed: fixedValues(plan, secrets.names), events }
    const services = network.switch === null ? null : new GuestServices({ network: network.switch, ...shared })
    undo.push(async () => services?.close())
    const own = await openOwnHardware({ layout: instance, instanceKey, packageSha256: plan.package.sha256, runtimeFolder }, manifest.hardware)
    const spec = vmSpec(plan, manifest, owned.byName, network.spec, runtimeFolder, medium?.spec ?? null, own)
    const vm = await openVm(backend, spec, stateFile, instance.folder, { state: warm, disks: owned.ready }, reverted, events)
    hasOpened = true
    vm.on('serial', (bytes) => inputs.serial.add(bytes))
    vm.on('panicked', () => events.add('guest-panicked'))
    vm.on('watchdog', () => events.add('guest-watchdog'))
    const guest = watchGuest(vm, events)
    undo.push(async () => guest?.close())
    const drives = spec.devices?.drives
    const media = vm.devices === undefined || drives === undefined ? null : new DriveMedia(vm.devices, drives, runtimeFolder)
    undo.push(async () => media?.close())
    const usb = vm.devices === undefined || spec.devices?.usb === undefined ? null : new UsbDevices(vm.devices, new HostUsb(), events)
    undo.push(async () => usb?.close())
    vm.on('parallel', (bytes) => inputs.parallel.add(bytes))
    const ranSeconds = runningTime(vm, () => performance.now())
    const settled = async (end: GoodEnd) => {
      isSuspended = end === 'suspended'
      const ended = { packageSha256: plan.package.sha256, end, ranSeconds: ranSeconds(), keep: plan.update?.keep ?? 0 }
      await settleRelease(instance, ended).catch((fault: unknown) => events.add('release-not-settled', { detail: String(fault) }))
    }
    const engine = backend.name === 'v86' ? ('v86' as const) : ('qemu' as const)
    const opened = { package: plan.package.sha256, engine, memoryMiB: spec.memoryMiB, serial: spec.serial }
    packaged.fetchAhead(over.signal)
    const snapshots = new Snapshots({ plan, layout: instance, instanceKey }, manifest, inputs.marks, owned.flush)
    const growth = vm.growth ?? owned.growth
    const parts = { growth, network: network.guest, services, guest, media, usb }
    return { vm, opened, stateFile, snapshots, ...parts, content: packaged.content, settled, release }
  } catch (fault) {
    await release()
    throw fault
  }
}

function watchGuest(vm: VirtualMachine, events: EventLog): GuestWatch | null {
  const agent = vm.devices?.agent
  return agent === undefined ? null : new GuestWatch(agent, vm, () => events.add('guest-clock-set'))
}

/** On the disk of `folder`: a VM stands still once what its guest writes has no room. */
async function roomForOthers(folder: string): Promise<number> {
  const { blocks, bsize } = await statfs(folder)
  return Math.min(LEFT_TO_OTHERS, (blocks * bsize) / 20)
}

/** @param origin a folder, or `unix:` and the path of the daemon's object socket */
async function openOrigin(origin: string, signal: AbortSignal): Promise<ObjectSource> {
  return origin.startsWith('unix:') ? daemonOrigin(origin.slice('unix:'.length), signal) : openFolderStore(origin)
}

function isLate(fault: unknown): boolean {
  return fault instanceof Error && 'code' in fault && fault.code === 'chunk-late'
}
