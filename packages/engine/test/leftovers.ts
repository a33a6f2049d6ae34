// SPDX-License-Identifier: Apache-2.0
//
// What a VM could leave behind on this computer, looked for where the kernel tells of it (proc(5)): processes, locks, sockets, files.
import { readdir, readFile, stat } from 'node:fs/promises'

const read = (path: string): Promise<string> => readFile(path, 'utf8').catch(() => '')

/** Of every thread of `pid`; one that has ended and was not waited for is still among them. */
export async function childrenOf(pid: number): Promise<readonly number[]> {
  const tasks = await readdir(`/proc/${pid}/task`).catch(() => [])
  const lists = await Promise.all(tasks.map((task) => read(`/proc/${pid}/task/${task}/children`)))
  return lists.flatMap((list) => list.split(' ').filter(Boolean).map(Number))
}

/** Processes below `pid`, the nearest first. */
export async function descendantsOf(pid: number): Promise<readonly number[]> {
  const children = await childrenOf(pid)
  return [...children, ...(await Promise.all(children.map(descendantsOf))).flat()]
}

/** Whether it still runs: one that nobody has waited for yet does not. */
async function runs(pid: number): Promise<boolean> {
  return /^State:\s+[^ZX]/m.test(await read(`/proc/${pid}/status`))
}

/** Locks that any process holds on `file`. */
export async function locksOn(file: string): Promise<readonly string[]> {
  const { ino } = await stat(file)
  return (await read('/proc/locks')).split('\n').filter((line) => line.includes(`:${ino} `))
}

export interface Traces {
  /** Children of this process from before there was a VM. */
  readonly childrenBefore: readonly number[]
  /** Every process that belonged to a VM. */
  readonly processes: ReadonlySet<number>
  readonly runtimeFolder: string
  readonly overlays: readonly string[]
}

/** In words; empty when nothing is left. */
export async function leftovers({ childrenBefore, processes, runtimeFolder, overlays }: Traces): Promise<readonly string[]> {
  const children = (await childrenOf(process.pid)).filter((pid) => !childrenBefore.includes(pid))
  const running = await Promise.all([...processes].map(async (pid) => ((await runs(pid)) ? [pid] : [])))
  const locks = await Promise.all(overlays.map(locksOn))
  const sockets = (await read('/proc/net/unix')).split('\n').filter((line) => line.includes(` ${runtimeFolder}/`))
  return [
    ...children.map((pid) => `child ${pid}`),
    ...running.flat().map((pid) => `process ${pid}`),
    ...locks.flat().map((line) => `lock ${line}`),
    ...sockets.map((line) => `socket ${line}`),
    ...(await readdir(runtimeFolder, { recursive: true })).map((path) => `file ${path}`),
  ]
}
