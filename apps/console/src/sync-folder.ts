// SPDX-License-Identifier: Apache-2.0
import { open } from 'node:fs/promises'

/** Makes the names in a folder durable, as fsync of its files does not (fsync(2)). */
export async function syncFolder(path: string): Promise<void> {
  const folder = await open(path, 'r')
  try {
    await folder.sync()
  } finally {
    await folder.close()
  }
}
