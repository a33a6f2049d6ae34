// SPDX-License-Identifier: Apache-2.0
//
// From the call to the first byte that the guest says on its serial port: a machine of the QEMU engine, with its containment, its control
// channel and its encrypted overlay over NBD, against the same machine by a bare command line on a raw file, with nothing around it. The
// guest is a boot sector, so that what differs is the launch. And v86 from a saved state, opened and resumed, to its first whole picture.
import { spawn } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createQemuBackend } from '../packages/engine/src/qemu/backend.ts'
import { probeQemu } from '../packages/engine/src/qemu/boot-probe.ts'
import { type Accelerator, machineTypes } from '../packages/engine/src/qemu/command-line.ts'
import { findInstallation, programFolders } from '../packages/engine/src/qemu/installation.ts'
import { createOverlay } from '../packages/engine/src/qemu/overlay.ts'
import { createV86Backend } from '../packages/engine/src/v86/backend.ts'
import type { EngineBackend, VirtualMachine, VmSpec } from '../packages/engine/src/virtual-machine.ts'
import { chattyDisk } from '../packages/engine/test/boot-disk.ts'
import { NbdHost } from '../packages/engine/test/qemu/nbd-host.ts'
import { ideDisk, newSpec } from '../packages/engine/test/qemu/new-spec.ts'
import { RfbProbe } from '../packages/engine/test/v86/rfb-probe.ts'
import { buildPrograms } from '../tools/programs/build.ts'
import { type Figures, inTurn } from './median.ts'

const rounds = 9
const memoryMiB = 128

export async function run(): Promise<Figures> {
  const { accelerator } = await probeQemu(await findInstallation(programFolders))
  // As `npm start` has them.
  await buildPrograms()
  const folder = await mkdtemp(join(tmpdir(), 'launch-'))
  const nbd = new NbdHost(folder)
  try {
    const raw = join(folder, 'disk.raw')
    await writeFile(raw, chattyDisk(2048))
    const figures = await inTurn(rounds, {
      qemu_ms: await qemuOf(folder, nbd),
      bare_ms: () => bare(raw, accelerator),
      v86_resume_ms: await v86Of(folder, nbd),
    })
    return { medians: figures, ratios: { overhead_ms: figures.qemu_ms - figures.bare_ms, v86_resume_ms: figures.v86_resume_ms } }
  } finally {
    await nbd.close()
    await rm(folder, { recursive: true })
  }
}

const firstByte = (vm: VirtualMachine) => new Promise<void>((resolve) => vm.on('serial', () => resolve()))

/** Its probe is over, as that of a daemon is. */
async function qemuOf(folder: string, nbd: NbdHost): Promise<() => Promise<number>> {
  const backend: EngineBackend = createQemuBackend({ cacheFolder: join(folder, 'cache') })
  const report = await backend.probe()
  if (!report.available) throw new Error(report.message)
  const [file, key] = [join(folder, 'overlay'), randomBytes(32)]
  const image = chattyDisk(2048)
  await createOverlay({ file, key, sizeBytes: image.length })
  const spec = await specIn(join(folder, 'qemu'), { kind: 'luks-overlay', base: await nbd.serve(image), file, key })
  return async () => {
    const begun = performance.now()
    const vm = await backend.open(spec)
    const said = firstByte(vm)
    await vm.start()
    await said
    const ms = performance.now() - begun
    await vm.stop()
    return ms
  }
}

async function bare(raw: string, accelerator: Accelerator): Promise<number> {
  const cpu = accelerator === 'kvm' ? 'host,migratable=on' : 'max,la57=off'
  const machine = ['-machine', `${machineTypes.i440fx},accel=${accelerator},usb=off,vmport=on`, '-cpu', cpu, '-smp', '1', '-m', `${memoryMiB}M`]
  const devices = ['-drive', `file=${raw},format=raw,if=ide,snapshot=on`, '-device', 'VGA', '-device', 'vmgenid,guid=auto', '-nic', 'none']
  const quiet = ['-no-user-config', '-nodefaults', '-display', 'none', '-boot', 'menu=off,strict=on', '-serial', 'stdio']
  const begun = performance.now()
  const child = spawn('qemu-system-x86_64', [...quiet, ...machine, ...devices], { stdio: ['ignore', 'pipe', 'inherit'] })
  const gone = new Promise((resolve) => child.once('close', resolve))
  const said = new Promise<number>((resolve) => child.stdout.once('data', () => resolve(performance.now())))
  const at = await Promise.race([said, gone.then(() => Promise.reject(new Error('the bare QEMU ended before its guest said anything')))])
  child.kill('SIGKILL')
  await gone
  return at - begun
}

/** Of one state, saved beforehand. */
async function v86Of(folder: string, nbd: NbdHost): Promise<() => Promise<number>> {
  const backend = createV86Backend()
  const spec = await specIn(join(folder, 'v86'), { kind: 'writable-nbd', nbd: await nbd.serve(chattyDisk(2048)) })
  const file = { path: join(folder, 'state'), key: randomBytes(32), binding: 'launch' }
  const first = await backend.open(spec)
  const said = firstByte(first)
  await first.start()
  await said
  await first.suspend(file)
  return async () => {
    const begun = performance.now()
    const vm = await backend.open(spec, file)
    await vm.resume()
    const screen = await RfbProbe.open(vm.displaySocket)
    screen.request(false)
    await screen.update()
    const ms = performance.now() - begun
    screen.close()
    await vm.stop()
    return ms
  }
}

async function specIn(runtimeFolder: string, storage: VmSpec['disks'][number]['storage']): Promise<VmSpec> {
  await mkdir(runtimeFolder)
  return { ...newSpec(runtimeFolder, [ideDisk(storage)]), memoryMiB }
}
