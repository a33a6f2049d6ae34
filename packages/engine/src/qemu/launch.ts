// SPDX-License-Identifier: Apache-2.0
import { mkdir, rm } from 'node:fs/promises'
import type { Duplex } from 'node:stream'
import { EngineError } from '../error.ts'
import { ProcessorLimit } from '../limits/processor-limit.ts'
import type { VmCgroups } from '../limits/vm-cgroups.ts'
import type { DiskStorage, VmSpec } from '../virtual-machine.ts'
import { storagesOf } from './block-graph.ts'
import { type LaunchChoice, qemuArguments } from './command-line.ts'
import { type Bind, type Box, type ContainedProcess, type MemoryFile, spawnContained } from './containment.ts'
import { FileGrowth, prepareGrowth } from './file-growth.ts'
import { emptyBox, type Installation, uefiVariablesBytes } from './installation.ts'
import { type HostSockets, hostSockets, inside } from './layout.ts'
import { passphraseOf } from './passphrase.ts'
import { readOverlayHeader } from './qcow2-header.ts'
import { Qmp } from './qmp.ts'
import { status } from './qmp-messages.ts'
import { type RunningTpm, startTpm } from './tpm.ts'

/** A contained QEMU that answers QMP, its CPUs not running. */
export interface Launched {
  readonly qmp: Qmp
  readonly serial: Duplex
  readonly parallel: Duplex | undefined
  readonly agent: Duplex | undefined
  readonly sockets: HostSockets
  readonly contained: ContainedProcess
  /** The process of its TPM. */
  readonly tpm: RunningTpm | undefined
  /** Without a limit yet. */
  readonly growth: FileGrowth
  /** Not in force yet. */
  readonly limit: ProcessorLimit
}

const greetingDeadlineMs = 20_000

/**
 * Starts QEMU for a spec that has passed `checkSpec`. On failure no process and no socket stays behind.
 * @throws EngineError `overlay-altered` before anything starts; `overlay-mismatch` for a wrong key or size; `overlay-in-use`; `tpm-failed`; `capability-missing`; `vm-exited`; `time-out`.
 */
export async function launch(spec: VmSpec, installation: Installation, choice: LaunchChoice, cgroups: VmCgroups): Promise<Launched> {
  await checkOverlays(spec)
  const files = await prepareGrowth(spec)
  const limit = await ProcessorLimit.open(cgroups)
  try {
    limit.set(spec.processorPercent ?? null)
    return await launchWithin(limit, files, spec, installation, choice)
  } catch (error) {
    await limit.end()
    throw error
  }
}

async function launchWithin(
  limit: ProcessorLimit,
  files: Awaited<ReturnType<typeof prepareGrowth>>,
  spec: VmSpec,
  installation: Installation,
  choice: LaunchChoice,
): Promise<Launched> {
  const sockets = hostSockets(spec.runtimeFolder)
  await rm(sockets.folder, { recursive: true, force: true })
  await mkdir(sockets.folder, { recursive: true, mode: 0o700 })
  const tpm = await tpmOf(spec, installation, limit).catch(async (error: unknown) => {
    await rm(sockets.folder, { recursive: true, force: true })
    throw error
  })
  const box = { ...boxOf(spec, installation, choice, sockets, tpm), limit }
  const contained = spawnContained(box, qemuArguments(spec, choice), channelCount(spec))
  try {
    const [control, serial, parallel, agent] = contained.channels
    if (control === undefined || serial === undefined)
      throw new EngineError('vm-exited', `\`${box.bubblewrap}\` did not start: ${contained.lastWords()}`)
    const qmp = await Qmp.connect(control, greetingDeadlineMs)
    const { running } = await qmp.execute('query-status', {}, status, greetingDeadlineMs)
    if (running) throw new EngineError('qmp-failed', 'QEMU was expected to wait before its first instruction, found it running')
    return { qmp, serial, parallel, agent, sockets, contained, tpm, growth: new FileGrowth(qmp, files), limit }
  } catch (error) {
    contained.process.kill('SIGKILL')
    await contained.closed
    await tpm?.end()
    await rm(sockets.folder, { recursive: true, force: true })
    throw explained(error, contained.lastWords(), tpm?.contained.lastWords() ?? '')
  } finally {
    for (const file of box.memoryFiles) file.bytes.fill(0)
  }
}

async function tpmOf({ devices, runtimeFolder }: VmSpec, installation: Installation, limit: ProcessorLimit): Promise<RunningTpm | undefined> {
  return devices?.tpm === undefined ? undefined : startTpm(devices.tpm, installation, runtimeFolder, limit)
}

/** Always the same descriptor for the same channel; machines of before have the first two. */
function channelCount({ devices }: VmSpec): number {
  return devices?.parallel === undefined && devices?.agent === undefined ? 2 : 4
}

async function checkOverlays({ disks, firmware }: VmSpec): Promise<void> {
  for (const { name, sizeBytes, storage } of disks) await checkOverlay(name, sizeBytes, storage)
  if (firmware !== 'bios') await checkOverlay('the firmware', uefiVariablesBytes, firmware.variables)
}

async function checkOverlay(name: string, expected: number, storage: DiskStorage): Promise<void> {
  if (storage.kind !== 'luks-overlay') return
  const { sizeBytes } = await readOverlayHeader(storage.file)
  if (sizeBytes !== expected)
    throw new EngineError('overlay-mismatch', `the overlay of \`${name}\` was expected to hold ${expected} bytes, found ${sizeBytes}`)
}

function boxOf(spec: VmSpec, installation: Installation, choice: LaunchChoice, sockets: HostSockets, tpm: RunningTpm | undefined): Box {
  const writable: Bind[] = [{ host: sockets.folder, inside: inside.run }]
  const readOnly: Bind[] = spec.network === 'none' ? [] : [{ host: spec.network.socket, inside: inside.network }]
  const memoryFiles: MemoryFile[] = []
  for (const [index, storage] of storagesOf(spec).entries()) {
    const nbd = storage.kind === 'luks-overlay' ? storage.base : storage.nbd
    if (nbd !== null) readOnly.push({ host: nbd.socket, inside: inside.nbd(index) })
    if (storage.kind === 'luks-overlay') {
      writable.push({ host: storage.file, inside: inside.overlay(index) })
      memoryFiles.push({ inside: inside.secret(index), bytes: passphraseOf(storage.key), writable: false })
    }
  }
  if (spec.firmware !== 'bios' && installation.uefi !== undefined) readOnly.push({ host: installation.uefi.code, inside: inside.firmware })
  if (tpm !== undefined) readOnly.push({ host: tpm.socket, inside: inside.tpm })
  if (spec.medium !== undefined) readOnly.push({ host: spec.medium.nbd.socket, inside: inside.medium })
  return { ...emptyBox(installation, installation.qemu), readOnly, writable, memoryFiles, devices: choice.accelerator === 'kvm' ? ['/dev/kvm'] : [] }
}

/** QEMU reports what is wrong with an image only in words on standard error. */
function explained(error: unknown, lastWords: string, tpmWords: string): unknown {
  if (!(error instanceof EngineError) || error.code !== 'vm-exited') return error
  if (/tpm-emulator/.test(lastWords)) return new EngineError('tpm-failed', `the TPM does not open: ${lastWords} ${tpmWords}`, error)
  if (/Invalid password, cannot unlock any keyslot/.test(lastWords)) {
    return new EngineError('overlay-mismatch', 'the overlay does not open under this key', new EngineError('vm-exited', lastWords))
  }
  if (/Failed to get "(write|consistent read)" lock/.test(lastWords)) {
    return new EngineError('overlay-in-use', 'another process holds the overlay open', new EngineError('vm-exited', lastWords))
  }
  if (/LUKS|luks/.test(lastWords)) return new EngineError('overlay-altered', `the overlay's LUKS header cannot be used: ${lastWords}`)
  return new EngineError('vm-exited', `QEMU ended before it could be spoken to: ${lastWords}`, error)
}
