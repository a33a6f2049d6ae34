// SPDX-License-Identifier: Apache-2.0
//
// A first boot of a sealed package in a session host of its own, without network, in a folder that is gone afterwards. What it says is in
// which order the boot wanted the chunks.
import { type ChildProcess, spawn } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { createInterface } from 'node:readline'
import { setTimeout } from 'node:timers/promises'
import type { LaunchPlan } from '@casemate/policy/launch-plan'
import type { Manifest } from '@casemate/vm-package/manifest'
import { type PrefetchList, parsePrefetchList } from '@casemate/vm-package/prefetch'
import { z } from 'zod'

// Not imported: an import reads every export of `node:http`, one of which loads all of undici, a fifth of what a command takes.
const { request } = process.getBuiltinModule('node:http')

const SESSION_HOST = join(import.meta.dirname, '../../../client-runtime/session-host/main.ts')
/** Below the minute after which a session host holds a VM whose daemon is silent. */
const BEAT_MS = 10_000

const ready = z.object({ control: z.string() })
const closed = { allowed: false, maxBytes: 0 }

export interface BootToRecord {
  readonly manifest: Manifest
  readonly manifestBytes: Uint8Array
  readonly sha256: string
  readonly packageKey: Uint8Array
  /** Folder of the object store. */
  readonly store: string
  readonly engine: LaunchPlan['engine']
  /** How long the guest runs. */
  readonly seconds: number
  readonly signal: AbortSignal
}

/** @throws Error when the session host does not start or does not end in good order; PackageError `prefetch-invalid`; the reason of `signal`. */
export async function recordBoot(boot: BootToRecord): Promise<PrefetchList> {
  const data = await mkdtemp(join(tmpdir(), 'casemate-boot-'))
  try {
    const folder = join(data, 'packages', boot.sha256)
    const plan = join(data, 'plan.json')
    const record = join(data, 'prefetch.json')
    await mkdir(folder, { recursive: true, mode: 0o700 })
    await writeFile(join(folder, 'manifest.json'), boot.manifestBytes)
    await writeFile(plan, JSON.stringify(planOf(boot)))
    const args = [SESSION_HOST, '--plan', plan, '--data', data, '--origin', resolve(boot.store), '--record', record]
    await runFor(boot, spawn(process.execPath, args, { stdio: ['pipe', 'pipe', 'inherit'] }))
    return parsePrefetchList(await readFile(record))
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

async function runFor({ packageKey, seconds, signal }: BootToRecord, host: ChildProcess): Promise<void> {
  const ended = once(host, 'exit')
  const stop = () => void host.kill('SIGTERM')
  signal.addEventListener('abort', stop)
  let beat: NodeJS.Timeout | undefined
  try {
    const key = () => randomBytes(32).toString('base64url')
    const secrets = { packageKey: Buffer.from(packageKey).toString('base64url'), instanceKey: key(), customization: {}, viewerToken: key() }
    host.stdin?.end(`${JSON.stringify(secrets)}\n`)
    const control = await firstLine(host)
    beat = setInterval(() => tell(control), BEAT_MS)
    // A guest that switches itself off, or does not come up, ends it early.
    await Promise.race([setTimeout(seconds * 1000, undefined, { signal }), ended])
  } finally {
    clearInterval(beat)
    signal.removeEventListener('abort', stop)
    stop()
    await ended
  }
  if (host.exitCode !== 0) throw new Error(`the session host ended with ${host.exitCode ?? host.signalCode}`)
}

/** @returns the path of its control socket */
async function firstLine(host: ChildProcess): Promise<string> {
  if (host.stdout === null) throw new Error('the session host has no standard output')
  for await (const line of createInterface(host.stdout)) return ready.parse(JSON.parse(line)).control
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
