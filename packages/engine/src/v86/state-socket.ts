// SPDX-License-Identifier: Apache-2.0
import { rm } from 'node:fs/promises'
import { createServer, type Socket } from 'node:net'

/** Serves exactly one connection on `path` to `use`; the socket is gone afterwards, whatever happened. */
export async function withStateSocket<T>(path: string, use: (connected: Promise<Socket>) => Promise<T>): Promise<T> {
  const connected = Promise.withResolvers<Socket>()
  const server = createServer({ allowHalfOpen: true }, (socket) => {
    server.close()
    socket.on('error', () => socket.destroy())
    connected.resolve(socket)
  })
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject)
    server.listen(path, () => resolve())
  })
  try {
    return await use(connected.promise)
  } finally {
    server.close()
    await rm(path, { force: true })
  }
}
