// SPDX-License-Identifier: Apache-2.0
import { type ChildProcess, spawn } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { mkdir, open, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { createInterface } from 'node:readline'
import { currentProgram } from '@casemate/engine/built-program'
import type { LaunchPlan } from '@casemate/policy/launch-plan'
import { layoutOf } from '../../layout.ts'
import { type SessionNames, sessionReady } from '../../local-api.ts'
import { ControlClient } from './control-client.ts'

const SOURCES = join(import.meta.dirname, '../../session-host/main.ts')
/** By tools/programs. */
const BUNDLE = join(import.meta.dirname, '../../dist/session-host.mjs')

export interface SessionStart {
  /** The runtime's data folder. */
  readonly data: string
  /** Object store that chunks come from: a folder, or `unix:` and the daemon's object socket. */
  readonly origin: string
  readonly plan: LaunchPlan
  /** 32 bytes, base64url. */
  readonly packageKey: string
  /** 32 bytes, base64url. */
  readonly instanceKey: string
  /** By name; none unless told. */
  readonly customization?: Readonly<Record<string, string>>
  readonly names: SessionNames
  /** Port of the viewer door; 0 for any free one. */
  readonly port: number
  /** In a process group of its own, with its words in a log file: it outlives the daemon and is held by its own watch. */
  readonly detached?: boolean
}

export interface SessionHost {
  readonly child: ChildProcess
  /** `http://127.0.0.1:<port>`; the page takes the token as `#token=` */
  readonly viewer: string
  readonly viewerToken: string
  readonly control: ControlClient
  readonly exited: Promise<number | null>
}

/**
 * Starts a session host, gives it the plan as a file and the secrets on standard input, and waits until its
 * doors are open.
 * @throws Error with its exit code when it ends before that; it has said why on standard error
 */
export async function startSessionHost(start: SessionStart): Promise<SessionHost> {
  const layout = layoutOf(start.data)
  const planFile = layout.sessionPlan(start.plan.session)
  const program = currentProgram(BUNDLE)
  await mkdir(dirname(planFile), { recursive: true, mode: 0o700 })
  await writeFile(planFile, JSON.stringify(start.plan), { mode: 0o600 })
  const args = ['--plan', planFile, '--data', start.data, '--origin', start.origin, '--port', String(start.port)]
  const { detached = false } = start
  const log = detached ? await open(layout.sessionLog(start.plan.session), 'a', 0o600) : null
  const child = spawn(process.execPath, ['--disable-warning=ExperimentalWarning', (await program) ?? SOURCES, ...args], {
    stdio: ['pipe', 'pipe', log?.fd ?? 'inherit'],
    detached,
  })
  await log?.close()
  if (child.stdin === null || child.stdout === null) throw new Error('the session host has no standard input or output')
  const exited = new Promise<number | null>((resolve) => child.once('exit', (code) => resolve(code)))
  const viewerToken = randomBytes(32).toString('base64url')
  const { packageKey, instanceKey, names, customization = {} } = start
  child.stdin.end(`${JSON.stringify({ packageKey, instanceKey, customization, names, viewerToken })}\n`)
  const line = await Promise.race([
    once(createInterface(child.stdout), 'line').then(([text]) => String(text)),
    exited.then((code) => Promise.reject(new Error(`the session host ended with ${code} before it was ready`))),
  ])
  const ready = sessionReady.parse(JSON.parse(line))
  return { child, viewer: ready.viewer, viewerToken, control: new ControlClient(ready.control), exited }
}
