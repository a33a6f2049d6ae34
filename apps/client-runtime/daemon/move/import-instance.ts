// SPDX-License-Identifier: Apache-2.0
//
// An instance's folder, brought from another device of the organisation: its record, its disks and which releases came up on them. Nothing
// of the other device's own comes along (lock, memory of a suspended VM, customization), and nothing is left of a copy that breaks off.
import { constants, copyFile, lstat, mkdir, open, readdir, rename, rm } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { InstanceBusy, lockInstance } from '../../session-host/instance-lock.ts'
import type { Device } from '../device.ts'
import { RuntimeError } from '../error.ts'
import { type InstanceRecord, instanceRecord } from '../instances/instance-store.ts'
import { readState } from '../state-file.ts'
import { boundTo } from './bound-to.ts'

const diskFile = /^(system-[a-z0-9-]{1,32}-[0-9a-f]{64}|user-[a-z0-9-]{1,32})\.(qcow2|xts)$/

/**
 * @param folder absolute, of the instance.
 * @throws RuntimeError `moved-instance-invalid`, `already-activated`, `move-needless` (it is bound to this device), `session-open` (it is in use).
 */
export async function importInstance(device: Device, folder: string): Promise<InstanceRecord> {
  const { layout, journal } = device
  const record = await readState(join(folder, 'instance.json'), instanceRecord).catch((cause: unknown) => {
    throw invalid(folder, cause)
  })
  if (record === undefined) throw invalid(folder)
  const { instance, desktop } = record
  if ((await boundTo(device, record)) === 'this-device') throw new RuntimeError('move-needless', `\`${instance}\` is bound to this computer`)
  const place = layout.instance(instance)
  if (await isThere(place.folder)) throw new RuntimeError('already-activated', `\`${desktop}\` is activated on this computer`)
  const unlock = await lockInstance(join(folder, 'lock')).catch((cause: unknown) => {
    if (cause instanceof InstanceBusy) throw new RuntimeError('session-open', `\`${folder}\` is in use`, { cause })
    // On a medium that cannot be written nobody runs it either.
    return () => Promise.resolve()
  })
  const coming = join(dirname(place.folder), `.coming-${instance}`)
  try {
    await rm(coming, { recursive: true, force: true })
    await mkdir(join(coming, 'disks'), { recursive: true, mode: 0o700 })
    await copyDurably(join(folder, 'instance.json'), join(coming, 'instance.json'))
    if (await isThere(join(folder, 'releases.json'))) await copyDurably(join(folder, 'releases.json'), join(coming, 'releases.json'))
    for (const name of await readdir(join(folder, 'disks')).catch(() => [])) {
      if (diskFile.test(name)) await copyDurably(join(folder, 'disks', name), join(coming, 'disks', name))
    }
    await journal.append({ type: 'instance-imported', data: { instance, desktop } })
    await rename(coming, place.folder)
  } catch (error) {
    await rm(coming, { recursive: true, force: true })
    throw error
  } finally {
    await unlock()
  }
  return record
}

async function copyDurably(from: string, to: string): Promise<void> {
  // Whoever made the folder could let a link lead anywhere.
  if (!(await lstat(from)).isFile()) throw invalid(from)
  await copyFile(from, to, constants.COPYFILE_EXCL | constants.COPYFILE_FICLONE)
  const file = await open(to, 'r+')
  try {
    await file.chmod(0o600)
    await file.sync()
  } finally {
    await file.close()
  }
}

async function isThere(path: string): Promise<boolean> {
  return (await lstat(path).catch(() => null)) !== null
}

function invalid(path: string, cause?: unknown): RuntimeError {
  return new RuntimeError('moved-instance-invalid', `expected the folder of an instance, found something else: \`${path}\``, { cause })
}
