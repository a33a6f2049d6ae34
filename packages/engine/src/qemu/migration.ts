// SPDX-License-Identifier: Apache-2.0
//
// Moves the memory and devices of a standing VM between QEMU and a sealed state file. QEMU only ever sees one unix socket in its own folder: the
// clear bytes touch no disk, and none is loaded before the whole file has been authenticated.
import { once } from 'node:events'
import { createConnection, createServer, type Socket } from 'node:net'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { EngineError } from '../error.ts'
import { sealState } from '../state/seal.ts'
import type { StateFile } from '../virtual-machine.ts'
import { inside } from './layout.ts'
import type { Qmp } from './qmp.ts'
import { migration, nothing } from './qmp-messages.ts'

const commandDeadlineMs = 20_000
const address = `unix:${inside.state}`

/**
 * Streams the state out and seals it. The VM must stand still; afterwards it may only be ended, or resumed if this failed.
 * @throws EngineError `suspend-failed`; then no file was written and QEMU has stopped migrating.
 */
export async function saveState(qmp: Qmp, socket: string, file: StateFile): Promise<void> {
  await prepare(qmp)
  const server = createServer()
  server.listen(socket)
  await once(server, 'listening')
  const ended = migrationEnd(qmp)
  try {
    const arrival = Promise.withResolvers<Socket>()
    server.once('connection', arrival.resolve)
    await qmp.execute('migrate', { uri: address }, nothing, commandDeadlineMs)
    // Rejects when the migration fails before QEMU connects.
    const connection = await Promise.race([arrival.promise, ended.then(() => arrival.promise)])
    await sealState(file, whole(connection, ended))
  } catch (error) {
    // Harmless if the migration has ended: QEMU then answers that there is nothing to cancel.
    await qmp.execute('migrate_cancel', {}, nothing, commandDeadlineMs).catch(ignoreAfterFailure)
    throw new EngineError('suspend-failed', `the state could not be written to \`${file.path}\``, error)
  } finally {
    server.close()
  }
}

/**
 * Loads an authenticated state into a QEMU that was started with `-incoming defer`.
 * @throws EngineError `state-altered` if the file changed since it was authenticated; `state-mismatch` if QEMU cannot load it.
 */
export async function loadState(qmp: Qmp, socket: string, state: AsyncIterable<Uint8Array>): Promise<void> {
  await prepare(qmp)
  await qmp.execute('migrate-incoming', { uri: address }, nothing, commandDeadlineMs)
  const ended = migrationEnd(qmp)
  const connection = createConnection(socket)
  try {
    // Ended by QEMU first when it refuses the state: its own words are then the better reason.
    const sent = pipeline(Readable.from(state), connection).catch((error: unknown) => {
      // It also hangs up as soon as it has all, whatever is not done here yet: whether it had all, it says itself.
      if (!hungUp.has(codeOf(error))) throw error
    })
    await Promise.all([ended, sent])
  } catch (error) {
    if (error instanceof EngineError && (error.code === 'state-altered' || error.code === 'state-mismatch')) throw error
    throw new EngineError('state-mismatch', 'QEMU cannot load this state', error)
  } finally {
    connection.destroy()
  }
}

/** `events` makes the end of a migration an event; the default limit of 128 MiB a second serves live guests only. */
async function prepare(qmp: Qmp): Promise<void> {
  await qmp.execute('migrate-set-capabilities', { capabilities: [{ capability: 'events', state: true }] }, nothing, commandDeadlineMs)
  await qmp.execute('migrate-set-parameters', { 'max-bandwidth': 2 ** 40 }, nothing, commandDeadlineMs)
}

/** Resolves when QEMU says `completed`, rejects when it says otherwise or ends. No deadline: it takes as long as the memory is large. */
function migrationEnd(qmp: Qmp): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<void>()
  const onEvent = (name: string, data: Readonly<Record<string, unknown>>): void => {
    if (name !== 'MIGRATION') return
    const { status } = migration.parse(data)
    if (status === 'completed') resolve()
    if (status === 'failed' || status === 'cancelled') reject(new EngineError('suspend-failed', `QEMU reports the migration as \`${status}\``))
  }
  qmp.on('event', onEvent)
  qmp.once('closed', reject)
  const tidied = promise.finally(() => {
    qmp.off('event', onEvent)
    qmp.off('closed', reject)
  })
  // Whoever failed first reports; this rejection may then have no reader left.
  tidied.catch(ignoreAfterFailure)
  return tidied
}

/** The bytes of a migration; an end that QEMU does not call complete is an error, so that a torso is never sealed. */
async function* whole(connection: Socket, ended: Promise<void>): AsyncGenerator<Uint8Array> {
  yield* connection
  await ended
}

const hungUp: ReadonlySet<unknown> = new Set(['ERR_STREAM_PREMATURE_CLOSE', 'EPIPE', 'ECONNRESET'])

const codeOf = (error: unknown): unknown => (error instanceof Error && 'code' in error ? error.code : undefined)

function ignoreAfterFailure(_error: unknown): void {
  // Another error is already on its way to the caller.
}
