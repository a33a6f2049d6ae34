// SPDX-License-Identifier: Apache-2.0
import { type ChildProcess, spawn } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import type { LaunchPlan } from '@casemate/policy/launch-plan'
import { sessionReady } from '../../local-api.ts'
import { ControlClient } from './control-client.ts'

const ENTRY = join(import.meta.dirname, '../../session-host/main.ts')

export interface SessionStart {
  /** The runtime's data folder. */
  readonly data: string
  /** Folder of the object store that chunks come from. */
  readonly origin: string
  readonly plan: LaunchPlan
  /** 32 bytes, base64url. */
  readonly packageKey: string
  /** 32 bytes, base64url. */
  readonly instanceKey: string
  /** Port of the viewer door; 0 for any free one. */
  readonly port: number
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
  const planFile = join(start.data, `${start.plan.session}.plan.json`)
  await writeFile(planFile, JSON.stringify(start.plan), { mode: 0o600 })
  const args = ['--plan', planFile, '--data', start.data, '--origin', start.origin, '--port', String(start.port)]
  const child = spawn(process.execPath, ['--disable-warning=ExperimentalWarning', ENTRY, ...args], { stdio: ['pipe', 'pipe', 'inherit'] })
  const exited = new Promise<number | null>((resolve) => child.once('exit', (code) => resolve(code)))
  const viewerToken = randomBytes(32).toString('base64url')
  child.stdin.end(`${JSON.stringify({ packageKey: start.packageKey, instanceKey: start.instanceKey, viewerToken })}\n`)
  const line = await Promise.race([
    once(createInterface(child.stdout), 'line').then(([text]) => String(text)),
    exited.then((code) => Promise.reject(new Error(`the session host ended with ${code} before it was ready`))),
  ])
  const ready = sessionReady.parse(JSON.parse(line))
  return { child, viewer: ready.viewer, viewerToken, control: new ControlClient(ready.control), exited }
}
