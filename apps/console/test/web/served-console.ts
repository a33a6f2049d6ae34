// SPDX-License-Identifier: Apache-2.0
//
// The console's server as it is run: a process of its own on fresh data, with its web door open. Its users are made by the command line.
import { type ChildProcess, spawn } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { afterAll } from 'vitest'
import { z } from 'zod'
import type { RoleName } from '../../src/access/roles.ts'
import { createOrganisation } from '../../src/organisation/create.ts'
import { admin } from '../cli/admin.ts'
import { leastPassphraseCost } from '../passphrase-cost.ts'
import { Browser } from './browser.ts'

export const passphrase = 'correct horse battery staple'
const server = join(import.meta.dirname, '../../server.ts')
const ready = z.looseObject({ ready: z.literal(true), web: z.url() })

/** What to undo at the end of the file, the last one first. Hooks that are made while hooks or tests run would never be called. */
const undo: (() => Promise<void>)[] = []

afterAll(async () => {
  for (const step of undo.splice(0).reverse()) await step()
})

export interface ServedConsole {
  readonly data: string
  readonly origin: string
  readonly pid: number
  readonly stop: (signal?: NodeJS.Signals) => Promise<void>
}

/** @param madeAt Unix seconds. */
export async function newOrganisation(madeAt = Math.floor(Date.now() / 1000)): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'casemate-web-'))
  undo.push(() => rm(folder, { recursive: true, force: true }))
  const data = join(folder, 'org')
  await createOrganisation({
    ...{ data, id: 'acme', title: 'Acme Ltd', contact: 'help@acme.example', address: null, leaseSeconds: 86_400 },
    ...{ passphrase, passphraseCost: leastPassphraseCost },
    ...{ now: madeAt, random: (length) => new Uint8Array(randomBytes(length)) },
  })
  return data
}

/** @param data of a console that was stopped. @throws Error with what the server said when it does not become ready. */
export async function serveConsole(data: string): Promise<ServedConsole> {
  const secret = join(data, '..', 'passphrase')
  await writeFile(secret, passphrase)
  const child = spawn(process.execPath, [server, '--data', data, '--passphrase-file', secret, '--web-port', '0'], {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...process.env, NODE_ENV: 'production', NODE_NO_WARNINGS: '1' },
  })
  const stop = (signal: NodeJS.Signals = 'SIGTERM') => end(child, signal)
  undo.push(() => stop('SIGKILL'))
  const said: string[] = []
  child.stderr.on('data', (bytes: Buffer) => said.push(bytes.toString()))
  for await (const line of createInterface(child.stdout)) {
    const parsed = line.startsWith('{') ? ready.safeParse(JSON.parse(line)) : undefined
    if (parsed?.success) return { data, origin: parsed.data.web, pid: child.pid ?? 0, stop }
    said.push(line)
  }
  throw new Error(`the console did not become ready (run \`npx turbo run build\` before these tests): ${said.join('\n')}`)
}

async function end(child: ChildProcess, signal: NodeJS.Signals): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return
  const over = once(child, 'exit')
  child.kill(signal)
  await over
}

/** @returns the password that was generated. */
export async function addUser({ data }: { readonly data: string }, login: string, role: RoleName): Promise<string> {
  const { code, stdout, stderr } = await admin(['user', 'add', '--data', data, '--login', login, '--name', login, '--role', role, '--json'])
  if (code !== 0) throw new Error(stderr)
  return z.object({ password: z.string() }).parse(JSON.parse(stdout)).password
}

/** A browser in which a new user of the role has signed in. */
export async function signedIn(console: ServedConsole, login: string, role: RoleName): Promise<Browser> {
  const password = await addUser(console, login, role)
  const browser = new Browser(console.origin)
  const { status, text } = await browser.signIn(login, password)
  if (status !== 200) throw new Error(`signing in was answered ${status}: ${text}`)
  return browser
}

/** Asks until the answer will do. @throws Error past the deadline. */
export async function until<T>(ask: () => Promise<T>, enough: (answer: T) => boolean, seconds = 30): Promise<T> {
  for (const deadline = Date.now() + seconds * 1000; ; ) {
    const answer = await ask()
    if (enough(answer)) return answer
    if (Date.now() > deadline) throw new Error(`not within ${seconds} s; the last answer was ${JSON.stringify(answer)}`)
    await new Promise((resolve) => setTimeout(resolve, 20))
  }
}
