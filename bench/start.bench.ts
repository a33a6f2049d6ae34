// SPDX-License-Identifier: Apache-2.0
//
// A Debian guest to its `login:` from an empty cache over a line of 100 Mbit/s and 20 ms each way, its order of reading recorded, against
// (a) QEMU on the raw disk on this computer and (b) everything brought here first. And the demo on v86 from its warm state: from the
// call to the picture. The line is modelled by slow-link.ts: this needs no `netem`, which not every kernel has.
import { spawn } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { daemonOrigin } from '../apps/client-runtime/session-host/daemon-origin.ts'
import { RfbClient } from '../e2e/screen/rfb-client.ts'
import { sealDisks, sealVersion } from '../e2e/session-host/make-release.ts'
import { makeWorld, removeWorld } from '../e2e/session-host/make-world.ts'
import { placesOf } from '../e2e/session-host/places.ts'
import { PROMPT, startSession, strictPlan } from '../e2e/session-host/start-session.ts'
import type { SealedRelease, World } from '../e2e/session-host/world.ts'
import { probeQemu } from '../packages/engine/src/qemu/boot-probe.ts'
import { type Accelerator, machineTypes } from '../packages/engine/src/qemu/command-line.ts'
import { findInstallation, programFolders } from '../packages/engine/src/qemu/installation.ts'
import { forEachConcurrent } from '../packages/vm-package/src/concurrent.ts'
import { openFolderStore } from '../packages/vm-package/src/store/folder-store.ts'
import { mostObjectBytes } from '../packages/vm-package/src/store/object-store.ts'
import { buildPrograms } from '../tools/programs/build.ts'
import { bootableImage } from './bootable-image.ts'
import { type Figures, inTurn } from './median.ts'
import { serveOverLink } from './slow-link.ts'

const rounds = 5
const memoryMiB = 512
const line = { bitsPerSecond: 100_000_000, delayMs: 20 }
const limitMs = 600_000
/** Longer than a boot takes. */
const recordSeconds = '180'
const machine = `firmware: bios
chipset: i440fx
cpus: 1
memoryMiB: ${memoryMiB}
video: std
network: null
disks:
  system: {controller: ide}
`

export async function run(): Promise<Figures> {
  const image = await bootableImage()
  // As sessions run: KVM only where guests boot under it.
  const { accelerator } = await probeQemu(await findInstallation(programFolders))
  const folder = await mkdtemp(join(dirname(image), 'start-'))
  const world = await makeWorld('qemu', folder)
  const places = placesOf(folder)
  try {
    await mkdir(places.disks('debian'))
    await writeFile(join(places.disks('debian'), 'machine.yaml'), machine)
    const release = await sealDisks(world, 'debian', ['--disk', `system=${image}`, '--record-boot', recordSeconds])
    const stored = await sizesIn(places.store)
    const fractions: number[] = []
    const seconds = await inTurn(rounds, {
      local_raw_seconds: () => bootRaw(image, accelerator),
      cold_seconds: async () => {
        const { seconds, sentBytes } = await bootOverLine(world, release)
        fractions.push(sentBytes / stored.bytes)
        return seconds
      },
    })
    const download = await bringEverything(places.store, stored.names, join(folder, 'link.sock'))
    const warm = await warmSeconds({ ...world, engine: 'v86' })
    return {
      medians: { ...seconds, download_seconds: download, package_mb: stored.bytes / 1e6, warm_seconds: warm },
      ratios: {
        cold_vs_local: seconds.cold_seconds / seconds.local_raw_seconds,
        cold_vs_download_first: seconds.cold_seconds / (download + seconds.local_raw_seconds),
        fraction_of_bytes_before_login: Math.max(...fractions),
        warm_seconds: warm,
      },
    }
  } finally {
    await removeWorld(world)
  }
}

const elapsed = (begun: number) => (performance.now() - begun) / 1000

/** The same machine as a session gives it, as far as its speed depends on it, and nothing between it and the disk. */
async function bootRaw(image: string, accelerator: Accelerator): Promise<number> {
  const begun = performance.now()
  const cpu = accelerator === 'kvm' ? 'host,migratable=on' : 'max,la57=off'
  const accelerated = ['-machine', `${machineTypes.i440fx},accel=${accelerator},usb=off`, '-cpu', cpu, '-m', String(memoryMiB), '-smp', '1']
  const attached = ['-drive', `file=${image},format=raw,if=ide,snapshot=on`, '-nic', 'none']
  const child = spawn('qemu-system-x86_64', [...accelerated, ...attached, '-display', 'none', '-serial', 'stdio', '-monitor', 'none'], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  let said = ''
  for await (const bytes of child.stdout) {
    said += String(bytes)
    if (said.includes('login:')) break
  }
  const seconds = elapsed(begun)
  child.kill('SIGKILL')
  if (!said.includes('login:')) throw new Error(`the raw disk came to no \`login:\`: ${said.slice(-500)}`)
  return seconds
}

async function bootOverLine(world: World, release: SealedRelease): Promise<{ readonly seconds: number; readonly sentBytes: number }> {
  const device = `device-${randomBytes(4).toString('hex')}`
  const socket = join(world.folder, 'link.sock')
  const link = await serveOverLink(placesOf(world.folder).store, socket, line)
  const begun = performance.now()
  const plan = { ...strictPlan(world, release), memoryMiB }
  const session = await startSession(world, device, release, { origin: `unix:${socket}`, plan })
  await session.untilSerial((said) => said.includes('login:'), '`login:`', limitMs)
  const result = { seconds: elapsed(begun), sentBytes: link.sentBytes() }
  await session.ask('power-off')
  await session.exited
  await link.close()
  await rm(placesOf(world.folder).data(device), { recursive: true })
  return result
}

/** As many at once as a session fetches. @returns seconds */
async function bringEverything(store: string, names: readonly string[], socket: string): Promise<number> {
  const link = await serveOverLink(store, socket, line)
  const begun = performance.now()
  const origin = daemonOrigin(socket, new AbortController().signal)
  await forEachConcurrent(names, 8, async (name) => {
    if ((await origin.get(name, mostObjectBytes)) === null) throw new Error(`object \`${name}\` did not come`)
  })
  const seconds = elapsed(begun)
  await link.close()
  return seconds
}

/** Median of first starts on fresh devices, all objects at hand, the programs bundled as `npm start` has them. */
async function warmSeconds(world: World): Promise<number> {
  await buildPrograms()
  const release = await sealVersion(world, '1', ['--record-boot', '60', '--record-engine', 'v86', '--warm-state'])
  const { warm } = await inTurn(rounds, {
    warm: async () => {
      const device = `device-${randomBytes(4).toString('hex')}`
      const begun = performance.now()
      const session = await startSession(world, device, release)
      const { url, protocols } = session.display
      await session.until(({ state }) => state === 'running')
      const screen = await RfbClient.overWebSocket(url, { protocols })
      await screen.waitForText(PROMPT, limitMs)
      const seconds = elapsed(begun)
      screen.close()
      await session.ask('power-off')
      await session.exited
      return seconds
    },
  })
  return warm
}

async function sizesIn(folder: string): Promise<{ readonly names: readonly string[]; readonly bytes: number }> {
  const names: string[] = []
  let bytes = 0
  for await (const { name, size } of (await openFolderStore(folder)).list()) {
    names.push(name)
    bytes += size
  }
  return { names, bytes }
}
