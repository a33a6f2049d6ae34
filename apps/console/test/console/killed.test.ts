// SPDX-License-Identifier: Apache-2.0
//
// kill -9 of the console's server at moments that a fixed seed chooses, while it starts and while it writes: each write that it had
// acknowledged is there afterwards, audit and repository hold, and it goes on. It cannot show a power cut.
import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout } from 'node:timers/promises'
import { openKey } from '@casemate/policy/sealed-key'
import fc from 'fast-check'
import { expect, it, vi } from 'vitest'
import { z } from 'zod'
import { AdminError } from '../../cli/error.ts'
import { callOperator, RemoteRefusal } from '../../cli/operator-call.ts'
import { derivePassphraseKey } from '../../src/access/derive-passphrase-key.ts'
import { consoleLayout } from '../../src/organisation/layout.ts'
import { roleSigner } from '../../src/organisation/new-keys.ts'
import { folderStore } from '../../src/publish/folder-store.ts'
import type { Signer } from '../../src/publish/key.ts'
import { readRepository } from '../../src/publish/repository.ts'
import { KillableProcess } from '../killable-process.ts'
import { freshData, openRules, passphrase } from './world.ts'

const seed = 20_261_125
const server = join(import.meta.dirname, '../../server.ts')
/** Milliseconds until the kill: from the first publication that was acknowledged, from the start of the process, and again from a publication. */
const [killings = []] = fc.sample(
  fc.tuple(
    fc.record({ from: fc.constant('open'), ms: fc.integer({ min: 100, max: 900 }) }),
    fc.record({ from: fc.constant('start'), ms: fc.integer({ min: 300, max: 2500 }) }),
    fc.record({ from: fc.constant('open'), ms: fc.integer({ min: 100, max: 1500 }) }),
  ),
  { seed, numRuns: 1 },
)

class Server extends KillableProcess {
  readonly data: string
  readonly approver: Signer
  /** What the console has acknowledged, in whatever order. */
  readonly codes: string[] = []
  readonly policies: string[] = []
  #version = 0

  constructor(data: string, approver: Signer) {
    super([server, '--data', data, '--passphrase-file', join(data, 'passphrase')])
    this.data = data
    this.approver = approver
  }

  async ask<T>(call: string, body: object, form: z.ZodType<T>): Promise<T> {
    return (await callOperator(this.data, call, body, form)).read
  }

  /** Codes, and policies up to their publication, until the server is gone. */
  async writeUntilGone(): Promise<void> {
    const code = { user: 'bob', groups: [], tags: [], lifetimeSeconds: 60 }
    const codes = async () => {
      this.codes.push((await this.ask('new-code', code, z.object({ id: z.string() }))).id)
    }
    const policies = async () => {
      this.#version += 1
      const document = { format: 'casemate-policy-1', name: 'base', version: `${this.#version}`, minRuntime: '0.1.0', rules: openRules }
      try {
        await this.ask('stage-policy', { yaml: JSON.stringify(document) }, z.unknown())
      } catch (error) {
        // One that was put forward before the last kill.
        if (!(error instanceof RemoteRefusal) || error.code !== 'pending-exists') throw error
      }
      await this.#approveWaiting()
    }
    await Promise.all([untilGone(codes), untilGone(codes), untilGone(policies)])
  }

  async #approveWaiting(): Promise<void> {
    const role = 'policies'
    const waiting = await this.ask(
      'read-pending',
      { role },
      z.object({ sha256: z.string(), bytes: z.base64(), added: z.array(z.object({ path: z.string() })) }),
    )
    const signature = { keyid: this.approver.keyId, sig: Buffer.from(await this.approver.sign(Buffer.from(waiting.bytes, 'base64'))).toString('hex') }
    const approved = z.object({ published: z.array(z.object({ role: z.literal('policies') })).length(1) })
    await this.ask('approve', { role, reviewed: waiting.sha256, signature }, approved)
    this.policies.push(...waiting.added.map(({ path }) => path))
  }
}

async function untilGone(act: () => Promise<void>): Promise<void> {
  for (;;) {
    try {
      await act()
    } catch (error) {
      if (error instanceof AdminError && error.code === 'console-unreachable') return
      throw error
    }
  }
}

const auditLines = z.object({ entries: z.array(z.object({ action: z.string(), subject: z.string() })) })

async function checkWhole(console: Server): Promise<void> {
  // Read, the audit is checked from its first line.
  const { entries } = await console.ask('read-audit', {}, auditLines)
  const made = new Set(entries.filter(({ action }) => action === 'enrolment-code.made').map(({ subject }) => subject))
  expect(console.codes.filter((id) => !made.has(id))).toEqual([])
  const { roles } = await readRepository(folderStore(consoleLayout(console.data).repository))
  const out = roles.get('policies')?.document.signed.targets ?? {}
  expect(console.policies.filter((path) => out[path] === undefined)).toEqual([])
}

it(`the server keeps what it acknowledged and goes on, whenever it is killed (seed ${seed})`, async () => {
  const data = await freshData()
  await writeFile(join(data, 'passphrase'), `${passphrase}\n`)
  const text = await readFile(consoleLayout(data).key('approver'), 'utf8')
  const console = new Server(data, roleSigner(await openKey(text, passphrase, { kind: 'approver-key', derive: derivePassphraseKey })))
  for (const { from, ms } of killings) {
    if (from === 'start') {
      console.spawn()
      await setTimeout(ms)
      await console.kill()
      continue
    }
    await console.start()
    await checkWhole(console)
    const before = console.policies.length
    const writing = console.writeUntilGone()
    await vi.waitFor(() => expect(console.policies.length).toBeGreaterThan(before), 60_000)
    await setTimeout(ms)
    await console.kill()
    await writing
  }
  await console.start()
  await checkWhole(console)
  expect(console.codes.length).toBeGreaterThan(0)
  expect(console.policies.length).toBeGreaterThan(0)
})
