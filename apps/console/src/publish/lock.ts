// SPDX-License-Identifier: Apache-2.0
//
// One writer a repository: acts of this process wait for each other, another process is refused. A lock left by a process that
// died is taken over. It works within one computer and one process namespace.
import { randomUUID } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { link, readFile, rename, rm, writeFile } from 'node:fs/promises'
import { dirname } from 'node:path'
import { makeFolder } from '../sync-folder.ts'
import { PublishError } from './error.ts'

const queues = new Map<string, Promise<unknown>>()

/**
 * Acts follow each other in the order of the calls.
 * @param path absolute, of the lock file; its folder is made where it is not there.
 * @throws PublishError `repository-busy` while another process holds the lock.
 */
export async function underLock<T>(path: string, act: () => Promise<T>): Promise<T> {
  const turn = (queues.get(path) ?? Promise.resolve()).then(() => holding(path, act))
  // The next act waits for this one, whatever became of it; its own caller hears of a failure.
  const ended = turn.then(nothing, nothing)
  queues.set(path, ended)
  try {
    return await turn
  } finally {
    if (queues.get(path) === ended) queues.delete(path)
  }
}

const nothing = (): void => undefined

async function holding<T>(path: string, act: () => Promise<T>): Promise<T> {
  await makeFolder(dirname(path))
  await take(path)
  try {
    return await act()
  } finally {
    await rm(path, { force: true })
  }
}

async function take(path: string): Promise<void> {
  const mine = `${path}.${randomUUID()}.part`
  await writeFile(mine, describe(process.pid), { flag: 'wx' })
  try {
    // `link` makes the lock together with its content, so that a crash leaves no lock that names nobody.
    if (await linked(mine, path)) return
    const found = await readLock(path)
    if (found === undefined && (await linked(mine, path))) return
    if (found === undefined) throw new PublishError('repository-busy', `another process took \`${path}\` just now`)
    if (isHeld(found)) throw new PublishError('repository-busy', `the repository is in use by process ${found.split(' ')[0]}, as \`${path}\` says`)
    await takeOver(path, found, mine)
  } finally {
    await rm(mine, { force: true })
  }
}

async function takeOver(path: string, dead: string, mine: string): Promise<void> {
  const aside = `${mine}.dead`
  await rename(path, aside)
  try {
    const moved = await readFile(aside, 'utf8')
    // Somebody else took it over since it was read: what was moved aside is a lock that holds, and goes back.
    if (moved !== dead) await linked(aside, path)
    if (moved !== dead || !(await linked(mine, path))) throw new PublishError('repository-busy', `another process took \`${path}\` just now`)
  } finally {
    await rm(aside, { force: true })
  }
}

/** @returns undefined when it was given back meanwhile. */
async function readLock(path: string): Promise<string | undefined> {
  try {
    return await readFile(path, 'utf8')
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return undefined
    throw error
  }
}

async function linked(from: string, to: string): Promise<boolean> {
  try {
    await link(from, to)
    return true
  } catch (error) {
    if (codeOf(error) === 'EEXIST') return false
    throw error
  }
}

/** In this process the queue alone decides, so a lock with its own id was left by an earlier process of that id. */
function isHeld(text: string): boolean {
  const pid = Number(text.split(' ')[0])
  if (!Number.isSafeInteger(pid) || pid < 1 || pid === process.pid) return false
  try {
    process.kill(pid, 0)
  } catch (error) {
    if (codeOf(error) === 'ESRCH') return false
  }
  return describe(pid) === text
}

/** Process id, and on Linux its start and the boot, since ids are used again. */
function describe(pid: number): string {
  if (process.platform !== 'linux') return `${pid}`
  try {
    const boot = readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim()
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8')
    // proc_pid_stat(5): field 22; the name in field 2 may hold spaces and brackets.
    return `${pid} ${boot} ${stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19]}`
  } catch (error) {
    if (codeOf(error) === 'ENOENT' || codeOf(error) === 'ESRCH') return `${pid} gone`
    throw error
  }
}

function codeOf(error: unknown): unknown {
  return error instanceof Error && 'code' in error ? error.code : undefined
}
