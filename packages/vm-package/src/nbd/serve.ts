// SPDX-License-Identifier: Apache-2.0
//
// NBD server on a unix socket (fixed newstyle, structured replies, BLOCK_STATUS), for QEMU and for our own clients. Who may connect
// is the business of the folder that the socket lies in. Whatever a client sends, it harms its own connection only.
import { createServer, type Server, type Socket } from 'node:net'
import type { BlockDevice } from '../read/block-device.ts'
import { negotiate } from './handshake.ts'
import { Peer } from './peer.ts'
import { type TransmissionHooks, transmit } from './transmission.ts'

export interface NbdServerOptions extends Partial<TransmissionHooks> {
  /** At most 107 bytes (unix(7)); nothing may be there yet. */
  readonly socketPath: string
  /** By export name; looked up when a client asks, so that exports may come and go. */
  readonly exports: ReadonlyMap<string, BlockDevice>
  /** A client broke the protocol or vanished; its connection is closed already. */
  readonly onClientError?: (error: unknown) => void
}

export interface NbdServer {
  /** Ends every connection and removes the socket; resolves when no request is under way any more. */
  close(): Promise<void>
}

/** Resolves once clients can connect. @throws Error of node:net, such as `EADDRINUSE`. */
export async function serveNbd(options: NbdServerOptions): Promise<NbdServer> {
  const sockets = new Map<Socket, Promise<void>>()
  const server = createServer((socket) => {
    const served = serveClient(socket, options).finally(() => sockets.delete(socket))
    sockets.set(socket, served)
  })
  await listen(server, options.socketPath)
  return {
    close: async () => {
      const closed = new Promise((resolve) => server.close(resolve))
      const served = [...sockets.values()]
      for (const socket of sockets.keys()) socket.destroy()
      await Promise.all([closed, ...served])
    },
  }
}

async function serveClient(socket: Socket, options: NbdServerOptions): Promise<void> {
  const peer = new Peer(socket)
  const hooks = { onReadError: options.onReadError ?? ignore, onWriteError: options.onWriteError ?? ignore }
  try {
    const agreement = await negotiate(peer, options.exports)
    if (agreement !== null) await transmit(peer, agreement, hooks)
  } catch (error) {
    options.onClientError?.(error)
  } finally {
    peer.close()
  }
}

function ignore(): void {}

function listen(server: Server, socketPath: string): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<void>()
  server.once('error', reject)
  server.listen(socketPath, () => {
    server.off('error', reject)
    resolve()
  })
  return promise
}
