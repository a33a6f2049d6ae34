// SPDX-License-Identifier: Apache-2.0
//
// Stands where a device's daemon stands, at the far end of a line: the objects of a folder store on a unix socket (`GET /objects/<name>`),
// each after the line's delay there and back, their bytes one after the other at the line's rate. A model of a line: without TCP, and
// without loss.
import { once } from 'node:events'
import { createServer } from 'node:http'
import { setTimeout } from 'node:timers/promises'
import { openFolderStore } from '../packages/vm-package/src/store/folder-store.ts'
import { mostObjectBytes } from '../packages/vm-package/src/store/object-store.ts'

export interface Line {
  readonly bitsPerSecond: number
  /** One way. */
  readonly delayMs: number
}

export interface SlowLink {
  /** That have arrived at the device. */
  sentBytes(): number
  close(): Promise<void>
}

export async function serveOverLink(folder: string, socket: string, { bitsPerSecond, delayMs }: Line): Promise<SlowLink> {
  const store = await openFolderStore(folder)
  let sent = 0
  /** Until when the line is taken, by `performance.now()`. */
  let busyUntil = 0
  const server = createServer(async (request, response) => {
    const asked = performance.now()
    const name = request.url?.replace('/objects/', '') ?? ''
    const bytes = await store.get(name, mostObjectBytes)
    if (bytes === null) {
      response.writeHead(404).end()
      return
    }
    busyUntil = Math.max(asked + delayMs, busyUntil) + (bytes.length * 8000) / bitsPerSecond
    await setTimeout(busyUntil + delayMs - performance.now())
    sent += bytes.length
    response.end(bytes)
  })
  server.listen(socket)
  await once(server, 'listening')
  const close = async () => {
    server.closeAllConnections()
    server.close()
    await once(server, 'close')
  }
  return { sentBytes: () => sent, close }
}
