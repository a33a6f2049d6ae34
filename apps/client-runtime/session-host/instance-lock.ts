// SPDX-License-Identifier: Apache-2.0
//
// One session host an instance. The lock file names the process that holds it by pid and start time (proc(5), `stat` field 22), so
// that a lock left behind by a crash is seen as stale even when its pid has been given to another process.
import { link, mkdir, readFile, rm, writeFile } from 'node:fs/promises'
import { dirname } from 'node:path'
import { startOfProcess } from '@casemate/engine/process-stat'

export class InstanceBusy extends Error {
  readonly code = 'instance-busy'
}

async function isStale(lock: string): Promise<boolean> {
  const [pid = '', started = ''] = (await readFile(lock, 'utf8').catch(() => '')).split(' ')
  return !/^[0-9]+$/.test(pid) || (await startOfProcess(pid)) !== started
}

/**
 * @returns lets go of the lock
 * @throws InstanceBusy `instance-busy` while another live process holds it
 */
export async function lockInstance(lock: string): Promise<() => Promise<void>> {
  await mkdir(dirname(lock), { recursive: true, mode: 0o700 })
  const own = `${lock}.${process.pid}`
  await writeFile(own, `${process.pid} ${await startOfProcess(process.pid)}`, { mode: 0o600 })
  try {
    for (let attempt = 0; attempt < 2; attempt += 1) {
      // link(2) fails where the name exists: the lock appears whole or not at all.
      const taken = await link(own, lock).then(
        () => true,
        () => false,
      )
      if (taken) return () => rm(lock, { force: true })
      if (!(await isStale(lock))) break
      await rm(lock, { force: true })
    }
  } finally {
    await rm(own, { force: true })
  }
  throw new InstanceBusy(`\`${lock}\` is held by process ${(await readFile(lock, 'utf8').catch(() => 'unknown')).split(' ')[0]}`)
}
