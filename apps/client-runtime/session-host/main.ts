// SPDX-License-Identifier: Apache-2.0
//
// Session host: one process a session. Takes a LaunchPlan file and, on standard input, its secrets; opens its two doors, says so on
// standard output, and runs until the session is over. Exit codes: 0 over, 2 called wrongly, 3 the doors could not be opened,
// 4 what was to be written at the end could not be.
import { mkdir, readFile, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { launchPlan } from '@casemate/policy/launch-plan'
import { Command } from 'commander'
import { z } from 'zod'
import { layoutOf } from '../layout.ts'
import { sessionReady } from '../local-api.ts'
import { BootRecord } from './boot-record.ts'
import { openControlDoor } from './control-door.ts'
import { EventLog } from './event-log.ts'
import { overwriteInstanceKey } from './instance-keys.ts'
import { launch } from './launch.ts'
import { readSecrets } from './read-secrets.ts'
import { SerialCapture } from './serial-capture.ts'
import { Session } from './session.ts'
import { openViewerDoor } from './viewer-door.ts'
import { captureWarmState } from './warm-state/capture.ts'
import { WrittenBlocks } from './warm-state/written-blocks.ts'
import { LIMITS, Watch } from './watch.ts'
import { Watermarks } from './watermarks.ts'

const options = new Command('session-host')
  .requiredOption('--plan <file>', 'LaunchPlan, JSON')
  .requiredOption('--data <folder>', "the runtime's data folder, absolute")
  .requiredOption('--origin <folder>', "object store that chunks come from: a folder, or `unix:` and the daemon's object socket")
  .option('--record <file>', 'write the order in which the disks are read, a prefetch list, when the session is over')
  .option('--warm-state <file>', 'write what a warm state is made of, sealed under the instance key, once the session was suspended')
  .option('--port <number>', 'port of the viewer door, 0 for any', '0')
  .parse()
  .opts<{ plan: string; data: string; origin: string; record?: string; warmState?: string; port: string }>()

/** How long a daemon may take to fetch what a session said last; one that has gone does not keep the process. */
const LAST_WORDS_MS = 3000

/** @throws z.ZodError, SyntaxError or the read error; a secret never stands in the message */
async function readInputs() {
  const plan = launchPlan.parse(JSON.parse(await readFile(options.plan, 'utf8')))
  const secrets = await readSecrets(process.stdin)
  return { plan, secrets, port: z.coerce.number().int().min(0).max(65_535).parse(options.port) }
}

function fail(code: number, what: string, error: unknown): never {
  process.stderr.write(`session-host: ${what}: ${error instanceof Error ? error.message : String(error)}\n`)
  process.exit(code)
}

const { plan, secrets, port } = await readInputs().catch((error: unknown) => fail(2, 'cannot start', error))
const layout = layoutOf(options.data)
const runtimeFolder = layout.runtime(plan.session)
const events = new EventLog()
const [serial, parallel] = [new SerialCapture(), new SerialCapture()]
const marks = new Watermarks(secrets.names)
const record = options.record === undefined ? null : new BootRecord(() => performance.now())
const written = options.warmState === undefined ? null : new WrittenBlocks()
// A plan that takes the port away leaves the machine's port where it is, and keeps nothing more of it.
const capturedParallel = { add: (bytes: Uint8Array) => (session.plan.parallel === 'captured' ? parallel.add(bytes) : undefined) }
const session: Session = new Session(
  plan,
  (disks, signal) =>
    launch({
      plan,
      secrets,
      layout,
      runtimeFolder,
      origin: options.origin,
      disks,
      events,
      serial,
      parallel: capturedParallel,
      record,
      written,
      marks,
      signal,
    }),
  events,
)
const watch = new Watch(session, LIMITS, () => performance.now())

await rm(runtimeFolder, { recursive: true, force: true })
await mkdir(runtimeFolder, { recursive: true, mode: 0o700 })
const control = join(runtimeFolder, 'control.sock')
const viewer = await openViewerDoor(session, { serial, parallel }, marks, secrets.viewerToken, port).catch((error: unknown) =>
  fail(3, 'cannot open the viewer door', error),
)
const door = { viewer: viewer.origin, viewerToken: secrets.viewerToken }
const closeControl = await openControlDoor({ session, watch, viewer: door, marks, record, socket: control }).catch((error: unknown) =>
  fail(3, 'cannot open the control door', error),
)
const ticking = setInterval(() => watch.tick(), 1000)
process.stdout.write(`${JSON.stringify(sessionReady.parse({ ready: true, pid: process.pid, viewer: viewer.origin, control }))}\n`)
// A daemon that has gone is met by the watch, not by the signal that its closed pipe would raise here.
process.stdout.on('error', () => events.add('daemon-gone'))
// Told to stop: put the VM away first.
for (const signal of ['SIGTERM', 'SIGINT'] as const) process.on(signal, () => void session.close('suspend'))

await session.open()
await session.ended
secrets.packageKey.fill(0)
if (options.record !== undefined) await record?.write(options.record)
if (options.warmState !== undefined && written !== null) {
  const { instanceKey } = secrets
  await captureWarmState({ plan, layout, instanceKey, written, file: options.warmState }).catch((error: unknown) => fail(4, 'no warm state', error))
}
overwriteInstanceKey(secrets.instanceKey)
clearInterval(ticking)
await events.lastHeard(LAST_WORDS_MS)
await viewer.close()
await closeControl()
await rm(runtimeFolder, { recursive: true, force: true })
