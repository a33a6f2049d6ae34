// SPDX-License-Identifier: Apache-2.0
//
// A machine becomes a package that waits for approval: sealed in a child process, staged by whoever asked for it.
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { type CustomizationFile, encodeTemplate } from '@casemate/vm-package/customization'
import type { Manifest } from '@casemate/vm-package/manifest'
import { z } from 'zod'
import { type Operator, requireRight } from '../access/actor.ts'
import { appendAudit } from '../audit/append.ts'
import { and, eq } from '../db/drizzle.ts'
import { ConsoleError } from '../error.ts'
import { controllerOn, disksOf, findMachine } from '../machines/machine.ts'
import type { OpenConsole } from '../organisation/open.ts'
import { defaultQuietSeconds } from '../packages/boot-end.ts'
import { stagePackage } from '../packages/stage.ts'
import { PublishError } from '../publish/error.ts'
import { findPending, isRenewal } from '../publish/pending.ts'
import { readRepository } from '../publish/repository.ts'
import { beginJob, changeJob } from './job.ts'

const line = z.union([
  z.strictObject({ note: z.string() }),
  z.strictObject({
    progress: z.strictObject({ done: z.number(), total: z.number(), bytesPerSecond: z.number().nullable(), secondsLeft: z.number().nullable() }),
  }),
  z.strictObject({ sealed: z.strictObject({ manifest: z.base64(), sealedKey: z.base64(), storedBytes: z.number(), total: z.number() }) }),
  z.strictObject({ failed: z.string() }),
])

export interface WantedSeal {
  readonly machine: string
  readonly package: { readonly name: string; readonly version: string }
  /** Left out: always. */
  readonly validity?: Manifest['validity'] | undefined
  /** Files of the medium that each instance is given; left out: none. */
  readonly customization?: readonly CustomizationFile[] | undefined
  /** A first boot on this computer, which says in which order devices fetch; left out: none. */
  readonly recordBoot?:
    | {
        /** It takes no longer. */
        readonly seconds: number
        /** Without a chunk that is new to it; left out: `defaultQuietSeconds`. */
        readonly quietSeconds?: number | undefined
        /** `auto`: QEMU, or else v86, if the package runs on this computer and there is memory for it. */
        readonly engine: 'auto' | 'qemu' | 'v86'
        readonly warmState: boolean
      }
    | undefined
}

/** Every disk of an authored machine is on IDE, which has four places; the medium of the customization files takes one (package format, section 1). */
const mostDisksBesideMedium = 3

/** Seals that run, so that a console that closes ends them. */
const running = new WeakMap<OpenConsole, Set<Promise<void>>>()

/**
 * Returns once the seal has begun; `list-jobs` tells how it goes.
 * @throws PackageError `customization-invalid`; ConsoleError `input-invalid`, `not-found`, `disk-unready`; PublishError `pending-exists`
 */
export async function sealMachine(actor: Operator, console: OpenConsole, wanted: WantedSeal): Promise<{ readonly job: string }> {
  requireRight(actor, 'package:stage')
  const { validity = { notBefore: null, notAfter: null }, customization } = wanted
  const recordBoot =
    wanted.recordBoot === undefined ? null : { ...wanted.recordBoot, quietSeconds: wanted.recordBoot.quietSeconds ?? defaultQuietSeconds }
  if (recordBoot?.warmState === true && customization !== undefined) {
    throw new ConsoleError('input-invalid', 'a guest that goes on from another boot never reads the files of its instance: leave out one of the two')
  }
  const template = customization === undefined ? null : encodeTemplate(customization)
  const machine = await findMachine(actor, console, wanted.machine)
  if (customization !== undefined && machine.disks.length > mostDisksBesideMedium) {
    throw new ConsoleError(
      'input-invalid',
      `expected at most ${mostDisksBesideMedium} disks beside customization files, found ${machine.disks.length} of \`${machine.name}\`: leave out the files, or author a machine with fewer disks`,
    )
  }
  const unready = machine.disks.find(({ state }) => state !== 'ready')
  if (unready !== undefined)
    throw new ConsoleError('disk-unready', `disk \`${unready.name}\` of \`${machine.name}\` is not whole yet: upload it first`)
  // Before the long part, whatever can be known now would be refused after it.
  const waiting = await findPending(console.repository, 'packages')
  if (waiting !== undefined && !isRenewal(waiting, await readRepository(console.repository))) {
    throw new PublishError('pending-exists', 'another package waits for approval: approve or withdraw it first')
  }
  const { machines } = console.db.tables
  const [row] = await console.db
    .select({ id: machines.id })
    .from(machines)
    .where(and(eq(machines.organisationId, actor.organisation), eq(machines.name, machine.name)))
  const disks = row === undefined ? [] : await disksOf(console, row.id)
  const job = await beginJob(console, 'seal', { machine: wanted.machine, package: wanted.package })
  await console.db.transaction((tx) =>
    appendAudit(tx, actor, console.now(), {
      action: 'machine.sealing',
      subject: machine.name,
      details: {
        package: `${wanted.package.name}/${wanted.package.version}`,
        validity,
        customization: customization?.map(({ name }) => name) ?? [],
        recordBoot,
      },
    }),
  )
  const request = {
    ...{ ...wanted.package, hardware: machine.hardware, store: console.layout.objects },
    ...{ validity, customization: template?.toString('base64') ?? null, recordBoot },
    createdAt: new Date(console.now() * 1000).toISOString().replace(/\.\d+Z$/, 'Z'),
    organisationKey: Buffer.from(console.keys.organisation).toString('base64'),
    disks: disks.map(({ name, role, file }) => ({ name, role, controller: controllerOn(machine.hardware), path: join(console.layout.disks, file) })),
  }
  const work = seal(actor, console, job, request)
    .catch((error: unknown) => changeJob(console, job, { state: 'failed', failure: error instanceof Error ? error.message : String(error) }))
    // The database is closed: the next start says that it was interrupted.
    .catch(() => undefined)
  const all = running.get(console) ?? new Set()
  running.set(console, all.add(work))
  void work.then(() => all.delete(work))
  return { job }
}

/** Waits for the seals that run. */
export async function settleSeals(console: OpenConsole): Promise<void> {
  await Promise.all(running.get(console) ?? [])
}

async function seal(actor: Operator, console: OpenConsole, job: string, request: object): Promise<void> {
  const child = spawn(process.execPath, ['--disable-warning=ExperimentalWarning', join(import.meta.dirname, 'seal-child.ts')], {
    stdio: ['pipe', 'pipe', 'inherit'],
    env: { PATH: process.env.PATH, NODE_ENV: 'production' },
  })
  const over = once(child, 'close')
  // One that dies before it has read is told of by its end.
  child.stdin.on('error', () => undefined)
  child.stdin.end(JSON.stringify(request))
  console.closing.addEventListener('abort', () => child.kill('SIGTERM'), { once: true })
  const notes: string[] = []
  for await (const text of createInterface(child.stdout)) {
    const told = line.parse(JSON.parse(text))
    if ('failed' in told) throw new Error(told.failed)
    if ('note' in told) notes.push(told.note)
    else if ('progress' in told) await changeJob(console, job, { progress: { ...told.progress, notes } })
    else {
      const { manifest, sealedKey, storedBytes, total } = told.sealed
      await stagePackage(actor, console, { manifest: Buffer.from(manifest, 'base64'), sealedKey: Buffer.from(sealedKey, 'base64'), storedBytes })
      await changeJob(console, job, { state: 'done', progress: { done: total, total, bytesPerSecond: null, secondsLeft: null, notes } })
      return
    }
  }
  const [code, signal] = await over
  throw new Error(`the process that sealed ended too early (${signal ?? code}); begin it again, and what was stored is used`)
}
