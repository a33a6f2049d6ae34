// SPDX-License-Identifier: Apache-2.0
import { readdir, readFile, stat } from 'node:fs/promises'
import { join } from 'node:path'

const DEEPEST = 8

/**
 * Whether every way down from the block device under `folder` passes dm-crypt, by what device-mapper says of itself (`dm/uuid` begins with
 * `CRYPT-`, Linux Documentation/admin-guide/device-mapper). Null where no block device is under it, as in a container's overlay.
 */
export async function onEncryptedDisk(folder: string, sys = '/sys'): Promise<boolean | null> {
  const { dev } = await stat(folder)
  // As makedev(3) packs them.
  const [major, minor] = [Math.floor(dev / 256) % 4096, (dev % 256) + Math.floor(dev / 1_048_576) * 256]
  const device = join(sys, 'dev/block', `${major}:${minor}`)
  return (await isThere(device)) ? await isEncrypted(device, 0) : null
}

async function isEncrypted(device: string, depth: number): Promise<boolean> {
  const uuid = await readFile(join(device, 'dm/uuid'), 'utf8').catch(() => '')
  if (uuid.startsWith('CRYPT-')) return true
  const below = await readdir(join(device, 'slaves')).catch(() => [])
  if (below.length === 0 || depth === DEEPEST) return false
  const found = await Promise.all(below.map((name) => isEncrypted(join(device, 'slaves', name), depth + 1)))
  return found.every((encrypted) => encrypted)
}

const isThere = (path: string): Promise<boolean> =>
  stat(path).then(
    () => true,
    () => false,
  )
