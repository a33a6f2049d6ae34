// SPDX-License-Identifier: Apache-2.0
import { once } from 'node:events'
import { connect, createServer, type Socket } from 'node:net'
import { onTestFinished } from 'vitest'

export interface BreakableLine {
  /** In place of the address that it leads to. */
  readonly address: string
  /** Breaks off once so many bytes more have come from the far end: connections end, and new ones with them, until it is mended. */
  breakAfter(bytes: number): void
  mend(): void
}

/** A line to a server on this computer, byte for byte: TLS goes through it untouched. */
export async function breakableLine(address: string): Promise<BreakableLine> {
  const { port } = new URL(address)
  const open = new Set<Socket>()
  let left = Number.POSITIVE_INFINITY
  const cut = () => {
    for (const socket of open) socket.destroy()
  }
  const server = createServer((near) => {
    if (left <= 0) {
      near.destroy()
      return
    }
    const far = connect(Number(port), '127.0.0.1')
    const end = () => {
      for (const socket of [near, far]) socket.destroy()
    }
    for (const socket of [near, far]) {
      open.add(socket)
      socket.on('error', end).on('close', () => {
        open.delete(socket)
        end()
      })
    }
    near.pipe(far)
    far.on('data', (bytes: Buffer) => {
      left -= bytes.length
      if (left <= 0) cut()
      else near.write(bytes)
    })
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const bound = server.address()
  if (bound === null || typeof bound === 'string') throw new Error('the line has no port')
  onTestFinished(() => {
    cut()
    server.close()
  })
  return {
    address: Object.assign(new URL(address), { port: String(bound.port) }).origin,
    breakAfter: (bytes) => {
      left = bytes
    },
    mend: () => {
      left = Number.POSITIVE_INFINITY
    },
  }
}
