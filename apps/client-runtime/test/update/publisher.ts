// SPDX-License-Identifier: Apache-2.0
//
// The publisher's own repository and devices that trust it, over a server that can be told to serve another folder.
import { once } from 'node:events'
import { cp, readFile } from 'node:fs/promises'
import { createServer } from 'node:http'
import { join } from 'node:path'
import { onTestFinished } from 'vitest'
import { folderStore } from '../../../console/src/publish/folder-store.ts'
import { Organisation } from '../../../console/test/publish/organisation.ts'
import { Device } from './device.ts'
import { freshFolder, systemNow } from './hostile-repository.ts'

/** @param folder whose repository is served now. */
async function serveFolder(folder: () => string): Promise<string> {
  const server = createServer((request, response) => {
    const path = join(folder(), request.url ?? '')
    if (!/^\/(?:metadata|targets)\/[\w./-]+$/.test(request.url ?? '')) response.writeHead(403).end()
    else
      readFile(path).then(
        (bytes) => response.end(bytes),
        () => response.writeHead(404).end(),
      )
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  onTestFinished(() => {
    server.closeAllConnections()
    server.close()
  })
  const address = server.address()
  if (address === null || typeof address === 'string') throw new Error('the server has no port')
  return `http://127.0.0.1:${address.port}`
}

export async function published() {
  const folder = await freshFolder()
  const [org, store] = [new Organisation(), folderStore(folder)]
  const at = Math.floor(systemNow())
  await org.create(store, [org.ada, org.bert], at)
  const served = { folder }
  const origin = await serveFolder(() => served.folder)
  const newDevice = async () => {
    const device = new Device(await freshFolder(), { origin, asked: [], answers: new Map() })
    await device.trust(await readFile(join(served.folder, 'metadata/1.root.json')))
    return device
  }
  /** The repository as it is now in other hands, or on an older disk. */
  const copied = async () => {
    const copy = await freshFolder()
    await cp(folder, copy, { recursive: true })
    return { folder: copy, store: folderStore(copy) }
  }
  return { org, store, folder, served, device: await newDevice(), newDevice, copied, at }
}

export const step = async (device: Device) => {
  const { floors } = await device.refresh()
  device.floors = floors
  return floors
}
