// SPDX-License-Identifier: Apache-2.0
//
// A first boot of a sealed package in a session host of its own, without network, in a folder that is gone afterwards. It says in which
// order the boot wanted the chunks, and where it is asked for, the state that it ended with becomes the package's warm state.
import { type ChildProcess, spawn } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { createInterface } from 'node:readline'
import { setTimeout } from 'node:timers/promises'
import { closedPlan, type LaunchPlan } from '@casemate/policy/launch-plan'
import { encodeManifest, type Manifest, parseManifest } from '@casemate/vm-package/manifest'
import { addPrefetchList, parsePrefetchList } from '@casemate/vm-package/prefetch'
import { openFolderStore } from '@casemate/vm-package/store'
import { z } from 'zod'
import { type BootEnd, type BootLimits, bootEnd, type RecordedBoot } from './boot-end.ts'
import { DoesNotRunHere } from './does-not-run-here.ts'
import { callControl } from './session-host-control.ts'
import { takeWarmCapture } from './warm-capture.ts'

const SESSION_HOST = join(import.meta.dirname, '../../../client-runtime/session-host/main.ts')
/** Below the minute after which a session host holds a VM whose daemon is silent. */
const BEAT_MS = 10_000

const LOOK_MS = 500

/** The session host's exit code. */
const NO_WARM_STATE = 4

const ready = z.object({ control: z.string(), viewer: z.string() })
const seen = z.looseObject({ reason: z.looseObject({ code: z.string(), detail: z.string() }).nullable() })
const progress = z.strictObject({ chunks: z.int(), quietMs: z.number().nullable() })

export interface BootToRecord {
  readonly manifest: Manifest
  readonly manifestBytes: Uint8Array
  readonly sha256: string
  readonly packageKey: Uint8Array
  /** Folder of the object store, which takes what comes of it. */
  readonly store: string
  readonly engine: LaunchPlan['engine']
  /** How long the guest runs, if it does not switch itself off: until this resolves, with why. It is told when nobody waits any more. */
  readonly until: (doors: BootDoors, over: AbortSignal) => Promise<BootEnd>
  /** Whether the package gets a warm state too; only of `v86`. */
  readonly warmState: boolean
  readonly signal: AbortSignal
  /** @param bytes of an object that the store did not have. */
  readonly onStored?: (bytes: number) => void
}

/** Of the session host that runs it: its viewer door with its token, and the path of its control socket. */
export interface BootDoors {
  readonly origin: string
  readonly token: string
  readonly control: string
}

/** Waits until the guest is quiet, or the limit is there. */
export function quietOrLimit(limits: BootLimits): BootToRecord['until'] {
  return async ({ control }, over) => {
    const begun = performance.now()
    for (;;) {
      await setTimeout(LOOK_MS, undefined, { signal: over })
      // One that ends answers no more; how it ended is looked at elsewhere.
      const told = await callControl(control, 'GET', '/record').catch(() => null)
      const { quietMs } = told === null ? { quietMs: null } : progress.parse(told)
      const end = bootEnd(performance.now() - begun, quietMs, limits)
      if (end !== null) return end
    }
  }
}

/**
 * @returns the bytes of the manifest to be approved in place of the old ones: with a prefetch list, and perhaps a warm state; and how the boot went.
 * @throws DoesNotRunHere; Error when the session host does not start, or does not end in good order; PackageError
 * `prefetch-invalid`, `warm-state-invalid`, `store-unwritable`; the reason of `signal`.
 */
export async function recordBoot(boot: BootToRecord): Promise<{ readonly manifest: Buffer; readonly boot: RecordedBoot }> {
  const data = await mkdtemp(join(tmpdir(), 'casemate-boot-'))
  try {
    const folder = join(data, 'packages', boot.sha256)
    const plan = join(data, 'plan.json')
    const record = join(data, 'prefetch.json')
    const capture = join(data, 'warm-state')
    await mkdir(folder, { recursive: true, mode: 0o700 })
    await writeFile(join(folder, 'manifest.json'), boot.manifestBytes)
    await writeFile(plan, JSON.stringify(planOf(boot)))
    const args = [SESSION_HOST, '--plan', plan, '--data', data, '--origin', resolve(boot.store), '--record', record]
    if (boot.warmState) args.push('--warm-state', capture)
    const instanceKey = randomBytes(32)
    const begun = performance.now()
    const end = await runFor(boot, instanceKey, spawn(process.execPath, args, { stdio: ['pipe', 'pipe', 'inherit'] }))
    const seconds = Math.round((performance.now() - begun) / 1000)
    const objects = await openFolderStore(boot.store)
    const put = async (name: string, bytes: Uint8Array | AsyncIterable<Uint8Array>) => {
      const added = await objects.put(name, bytes)
      if (added && bytes instanceof Uint8Array) boot.onStored?.(bytes.byteLength)
      return added
    }
    const store = { put, sync: () => objects.sync() }
    // None where nothing was read.
    if (!existsSync(record)) throw new Error(`its guest read nothing of the package in ${seconds} s`)
    const list = parsePrefetchList(await readFile(record))
    const recorded = { engine: boot.engine, end, seconds, chunks: list.chunks.length }
    const manifest = await addPrefetchList(boot.manifest, list, store)
    if (!boot.warmState) return { manifest, boot: recorded }
    const sha256 = await takeWarmCapture({ file: capture, instanceKey, manifest: boot.manifest, packageKey: boot.packageKey, store })
    return { manifest: encodeManifest({ ...parseManifest(manifest), warmState: { sha256 } }), boot: recorded }
  } finally {
    await rm(data, { recursive: true, force: true })
  }
}

function planOf({ manifest, sha256, engine }: BootToRecord): LaunchPlan {
  return {
    ...closedPlan,
    session: 'boot',
    instance: 'boot',
    desktop: manifest.name,
    package: { name: manifest.name, version: manifest.version, sha256 },
    engine,
    memoryMiB: manifest.hardware.memoryMiB,
    exit: 'suspend',
  }
}

async function runFor({ packageKey, engine, until, warmState, signal }: BootToRecord, instanceKey: Uint8Array, host: ChildProcess): Promise<BootEnd> {
  const ended = once(host, 'exit')
  const stop = () => void host.kill('SIGTERM')
  const over = new AbortController()
  signal.addEventListener('abort', stop)
  let beat: NodeJS.Timeout | undefined
  let end: BootEnd = 'powered-off'
  try {
    const text = (key: Uint8Array) => Buffer.from(key).toString('base64url')
    const token = text(randomBytes(32))
    const names = { device: 'console', user: null }
    const secrets = { packageKey: text(packageKey), instanceKey: text(instanceKey), customization: {}, names, viewerToken: token }
    host.stdin?.end(`${JSON.stringify(secrets)}\n`)
    const { control, viewer } = await firstLine(host)
    beat = setInterval(() => beatOnce(control), BEAT_MS)
    // A guest that switches itself off, or does not come up, ends it early.
    const waits = [until({ origin: viewer, token, control }, over.signal), blocked(viewer, token, engine, over.signal)]
    // What loses the race is heard by nobody.
    for (const wait of waits) wait.catch(() => undefined)
    end = await Promise.race([...waits, ended.then(() => 'powered-off' as const)])
  } finally {
    over.abort()
    clearInterval(beat)
    signal.removeEventListener('abort', stop)
    stop()
    await ended
  }
  signal.throwIfAborted()
  if (end === 'powered-off' && warmState && host.exitCode === NO_WARM_STATE) {
    throw new Error('its guest switched itself off, so there is no state that first starts could go on from')
  }
  if (host.exitCode !== 0) throw new Error(`the session host ended with ${host.exitCode ?? host.signalCode}`)
  return end
}

/** Never resolves. @throws DoesNotRunHere once the session is blocked, with its reason: it then has nothing to record; the reason of `over` */
async function blocked(viewer: string, token: string, engine: string, over: AbortSignal): Promise<never> {
  for (;;) {
    const answer = await fetch(`${viewer}/session`, { headers: { authorization: `Bearer ${token}` }, signal: over }).catch(() => null)
    // Its door is shut: it ends, and how is seen there.
    const reason = answer === null ? null : seen.parse(await answer.json()).reason
    if (reason !== null) throw new DoesNotRunHere(`the package does not run here on ${engine}: ${reason.code}: ${reason.detail}`)
    await setTimeout(LOOK_MS, undefined, { signal: over })
  }
}

/** @returns the path of its control socket, and its viewer door */
async function firstLine(host: ChildProcess): Promise<z.infer<typeof ready>> {
  if (host.stdout === null) throw new Error('the session host has no standard output')
  for await (const line of createInterface(host.stdout)) return ready.parse(JSON.parse(line))
  throw new Error('the session host did not start')
}

function beatOnce(control: string): void {
  // A session host that has ended hears nothing; how it ended is looked at there.
  callControl(control, 'POST', '/heartbeat', { now: Math.floor(Date.now() / 1000) }).catch(() => undefined)
}
