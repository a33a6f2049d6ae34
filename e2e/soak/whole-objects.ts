// SPDX-License-Identifier: Apache-2.0
import { hash } from 'node:crypto'
import { openFolderStore } from '../../packages/vm-package/src/store/folder-store.ts'
import { mostObjectBytes } from '../../packages/vm-package/src/store/object-store.ts'

export async function objectNames(folder: string): Promise<ReadonlySet<string>> {
  const names = new Set<string>()
  for await (const { name } of (await openFolderStore(folder)).list()) names.add(name)
  return names
}

/** Names and bytes of all that a store or a device's cache has. @throws Error naming one that is not what its name says */
export async function wholeObjects(folder: string): Promise<{ readonly names: ReadonlySet<string>; readonly bytes: number }> {
  const store = await openFolderStore(folder)
  const names = await objectNames(folder)
  let bytes = 0
  for (const name of names) {
    const found = await store.get(name, mostObjectBytes)
    if (found === null || hash('sha256', found, 'hex') !== name) throw new Error(`object \`${name}\` is not whole`)
    bytes += found.length
  }
  return { names, bytes }
}
