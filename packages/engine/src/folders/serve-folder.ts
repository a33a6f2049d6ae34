// SPDX-License-Identifier: Apache-2.0
//
// A folder of the host for one guest: a process of its own in a box that holds this folder and nothing else of the user's, read-only by its mount
// where it is to be only read. Its end is the end of all access at once, whatever the guest has open.
import { access, constants, mkdir, realpath, rm, stat } from 'node:fs/promises'
import { createConnection } from 'node:net'
import { join } from 'node:path'
import type { Duplex } from 'node:stream'
import { fileURLToPath } from 'node:url'
import { EngineError } from '../error.ts'
import { type Bind, type Box, runContained, spawnContained, systemFolders } from '../qemu/containment.ts'

export interface SharedFolder {
  /** Absolute and without a symbolic link on the way. */
  readonly path: string
  readonly readOnly: boolean
}

export interface FolderServer {
  /** Takes a connection of the guest, which speaks 9P2000.L. */
  serve(connection: Duplex): void
  /** Resolves once nothing can read or write the folder any more. */
  close(): Promise<void>
}

const bubblewrapPath = '/usr/bin/bwrap'
const program = fileURLToPath(new URL('./child', import.meta.url))
const inside = { program: '/vm/program', run: '/vm/run', folder: '/vm/folder' } as const
const startMs = 20_000

/** Whether folders can be served here, tried. @throws never */
export async function canServeFolders(): Promise<boolean> {
  try {
    await access(bubblewrapPath, constants.X_OK)
    await access(join(program, 'main.ts'))
    const { code } = await runContained(await boxOf(), ['--eval', 'require("node:fs").readdirSync("/proc/self/fd")'], startMs)
    return code === 0
  } catch {
    return false
  }
}

/**
 * @param runtimeFolder private, for its socket; its path is short
 * @throws EngineError `containment-missing`, `folder-failed`
 */
export async function serveFolder({ path, readOnly }: SharedFolder, runtimeFolder: string): Promise<FolderServer> {
  await access(bubblewrapPath, constants.X_OK).catch((cause: unknown) => {
    throw new EngineError('containment-missing', `a folder is shared only where there is \`${bubblewrapPath}\``, cause)
  })
  const { dev, ino } = await stat(path, { bigint: true })
  await mkdir(runtimeFolder, { recursive: true, mode: 0o700 })
  const socket = join(runtimeFolder, 'folder.sock')
  await rm(socket, { force: true })
  const folder: Bind = { host: path, inside: inside.folder }
  const readOnlyBinds: Bind[] = [{ host: program, inside: inside.program }, ...(readOnly ? [folder] : [])]
  const writable: Bind[] = [{ host: runtimeFolder, inside: inside.run }, ...(readOnly ? [] : [folder])]
  const args = [`${inside.program}/main.ts`, `${inside.run}/folder.sock`, inside.folder, `${dev}:${ino}`, readOnly ? 'ro' : 'rw']
  const contained = spawnContained({ ...(await boxOf()), readOnly: readOnlyBinds, writable }, ['--disable-warning=ExperimentalWarning', ...args])
  const close = async () => {
    contained.process.kill('SIGKILL')
    await contained.closed
    await rm(runtimeFolder, { recursive: true, force: true })
  }
  const ready = new Promise<boolean>((resolve) => contained.process.stdout?.once('data', () => resolve(true)))
  const late = AbortSignal.timeout(startMs)
  const tooLate = new Promise<boolean>((resolve) => late.addEventListener('abort', () => resolve(false)))
  if (!(await Promise.race([ready, contained.closed.then(() => false), tooLate]))) {
    await close()
    throw new EngineError('folder-failed', `the folder \`${path}\` is not served: ${contained.lastWords()}`)
  }
  return { serve: (connection) => join9p(connection, socket), close }
}

async function boxOf(): Promise<Box> {
  const node = await realpath(process.execPath)
  return {
    ...{ bubblewrap: bubblewrapPath, program: node, systemFolders, readOnly: [], writable: [], devices: [], memoryFiles: [] },
    processes: true,
  }
}

function join9p(connection: Duplex, socket: string): void {
  const server = createConnection(socket)
  for (const [one, other] of [
    [connection, server],
    [server, connection],
  ] as const) {
    one.on('error', () => other.destroy())
    one.on('close', () => other.destroy())
  }
  connection.pipe(server).pipe(connection)
}
