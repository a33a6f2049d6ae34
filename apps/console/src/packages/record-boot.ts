// SPDX-License-Identifier: Apache-2.0
//
// A first boot of a sealed package in a session host of its own, without network, in a folder that is gone afterwards. It says in which
// order the boot wanted the chunks, and where it is asked for, the state that it ended with becomes the package's warm state.
import { type ChildProcess, spawn } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { createInterface } from 'node:readline'
import { setTimeout } from 'node:timers/promises'
import type { LaunchPlan } from '@casemate/policy/launch-plan'
import { encodeManifest, type Manifest, parseManifest } from '@casemate/vm-package/manifest'
import { addPrefetchList, parsePrefetchList } from '@casemate/vm-package/prefetch'
import { openFolderStore } from '@casemate/vm-package/store'
import { z } from 'zod'
import { takeWarmCapture } from './warm-capture.ts'

// Not imported: an import reads every export of `node:http`, one of which loads all of undici, a fifth of what a command takes.
const { request } = process.getBuiltinModule('node:http')

const SESSION_HOST = join(import.meta.dirname, '../../../client-runtime/session-host/main.ts')
/** Below the minute after which a session host holds a VM whose daemon is silent. */
const BEAT_MS = 10_000

const LOOK_MS = 500

const ready = z.object({ control: z.string(), viewer: z.string() })
const seen = z.looseObject({ reason: z.looseObject({ code: z.string(), detail: z.string() }).nullable() })
const closed = { allowed: false, maxBytes: 0 }

export interface BootToRecord {
  readonly manifest: Manifest
  readonly manifestBytes: Uint8Array
  readonly sha256: string
  readonly packageKey: Uint8Array
  /** Folder of the object store, which takes what comes of it. */
  readonly store: string
  readonly engine: LaunchPlan['engine']
  /** How long the guest runs: until this resolves. It is given the session's viewer door to see the guest by, and told when nobody waits any more. */
  readonly until: (viewer: { readonly origin: string; readonly token: string }, over: AbortSignal) => Promise<unknown>
  /** Whether the package gets a warm state too; only of `v86`. */
  readonly warmState: boolean
  readonly signal: AbortSignal
  /** @param bytes of an object that the store did not have. */
  readonly onStored?: (bytes: number) => void
}

/**
 * @returns the bytes of the manifest to be approved in place of the old ones: with a prefetch list, and perhaps a warm state.
 * @throws Error when the session host does not start, is blocked (its reason is named), or does not end in good order; PackageError
 * `prefetch-invalid`, `warm-state-invalid`, `store-unwritable`; the reason of `signal`.
 */
export async function recordBoot(boot: BootToRecord): Promise<Buffer> {
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
    await runFor(boot, instanceKey, spawn(process.execPath, args, { stdio: ['pipe', 'pipe', 'inherit'] }))
    const objects = await openFolderStore(boot.store)
    const put = async (name: string, bytes: Uint8Array | AsyncIterable<Uint8Array>) => {
      const added = await objects.put(name, bytes)
      if (added && bytes instanceof Uint8Array) boot.onStored?.(bytes.byteLength)
      return added
    }
    const store = { put, sync: () => objects.sync() }
    const manifest = await addPrefetchList(boot.manifest, parsePrefetchList(await readFile(record)), store)
    if (!boot.warmState) return manifest
    const sha256 = await takeWarmCapture({ file: capture, instanceKey, manifest: boot.manifest, packageKey: boot.packageKey, store })
    return encodeManifest({ ...parseManifest(manifest), warmState: { sha256 } })
  } finally {
    await rm(data, { recursive: true, force: true })
  }
}

function planOf({ manifest, sha256, engine }: BootToRecord): LaunchPlan {
  return {
    format: 'casemate-launch-plan-1',
    session: 'boot',
    instance: 'boot',
    desktop: manifest.name,
    package: { name: manifest.name, version: manifest.version, sha256 },
    engine,
    memoryMiB: manifest.hardware.memoryMiB,
    network: { mode: 'none' },
    clipboard: { toGuest: closed, fromGuest: closed },
    serial: 'none',
    exit: 'suspend',
    deadlines: { warnAt: null, restrictAt: null, suspendAt: null },
  }
}

async function runFor({ packageKey, until, signal }: BootToRecord, instanceKey: Uint8Array, host: ChildProcess): Promise<void> {
  const ended = once(host, 'exit')
  const stop = () => void host.kill('SIGTERM')
  const over = new AbortController()
  signal.addEventListener('abort', stop)
  let beat: NodeJS.Timeout | undefined
  try {
    const text = (key: Uint8Array) => Buffer.from(key).toString('base64url')
    const token = text(randomBytes(32))
    const secrets = { packageKey: text(packageKey), instanceKey: text(instanceKey), customization: {}, viewerToken: token }
    host.stdin?.end(`${JSON.stringify(secrets)}\n`)
    const { control, viewer } = await firstLine(host)
    beat = setInterval(() => tell(control), BEAT_MS)
    // A guest that switches itself off, or does not come up, ends it early.
    const waits = [until({ origin: viewer, token }, over.signal), blocked(viewer, token, over.signal)]
    // What loses the race is heard by nobody.
    for (const wait of waits) wait.catch(() => undefined)
    await Promise.race([...waits, ended])
  } finally {
    over.abort()
    clearInterval(beat)
    signal.removeEventListener('abort', stop)
    stop()
    await ended
  }
  signal.throwIfAborted()
  if (host.exitCode !== 0) throw new Error(`the session host ended with ${host.exitCode ?? host.signalCode}`)
}

/** Resolves once its door is shut. @throws Error once the session is blocked, with its reason; it then has nothing to record. */
async function blocked(viewer: string, token: string, over: AbortSignal): Promise<void> {
  for (;;) {
    const answer = await fetch(`${viewer}/session`, { headers: { authorization: `Bearer ${token}` }, signal: over }).catch(() => null)
    if (answer === null) return
    const { reason } = seen.parse(await answer.json())
    if (reason !== null) throw new Error(`the package does not run here: ${reason.code}: ${reason.detail}`)
    await setTimeout(LOOK_MS, undefined, { signal: over })
  }
}

/** @returns the path of its control socket, and its viewer door */
async function firstLine(host: ChildProcess): Promise<z.infer<typeof ready>> {
  if (host.stdout === null) throw new Error('the session host has no standard output')
  for await (const line of createInterface(host.stdout)) return ready.parse(JSON.parse(line))
  throw new Error('the session host did not start')
}

function tell(control: string): void {
  const call = request({ socketPath: control, path: '/heartbeat', method: 'POST', headers: { 'content-type': 'application/json' } }, (answer) =>
    answer.resume(),
  )
  // A session host that has ended hears nothing; how it ended is looked at there.
  call.on('error', () => undefined)
  call.end(JSON.stringify({ now: Math.floor(Date.now() / 1000) }))
}
