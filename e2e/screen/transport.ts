// SPDX-License-Identifier: Apache-2.0
//
// A stream of bytes to an RFB server: a unix socket, or a WebSocket with binary messages whose borders mean nothing.
import { connect } from 'node:net'
import { WebSocket } from 'ws'
import { ScreenError } from './error.ts'

export interface Transport {
  write(bytes: Uint8Array): void
  /** Ends it from this side; `onClose` still comes. */
  close(): void
  /** To be called once, before the first turn of the event loop after connecting. */
  listen(onData: (bytes: Buffer) => void, onClose: (reason: string) => void): void
}

/** @throws ScreenError `refused` when nobody listens there */
export async function connectUnixSocket(path: string): Promise<Transport> {
  const socket = connect(path)
  await new Promise<void>((resolve, reject) => {
    socket.once('connect', resolve)
    socket.once('error', (cause) => reject(new ScreenError('refused', `nobody answers on \`${path}\``, cause)))
  })
  return {
    write: (bytes) => socket.write(bytes),
    close: () => socket.destroy(),
    listen: (onData, onClose) => {
      let reason = 'the server ended the connection'
      socket.on('data', onData)
      socket.on('error', (error) => {
        reason = error.message
      })
      socket.on('close', () => onClose(reason))
    },
  }
}

export interface WebSocketSettings {
  readonly protocols?: readonly string[]
  readonly headers?: Readonly<Record<string, string>>
}

/** @throws ScreenError `refused` with the HTTP status when the server does not upgrade */
export async function connectWebSocket(url: string, { protocols = [], headers = {} }: WebSocketSettings = {}): Promise<Transport> {
  const socket = new WebSocket(url, [...protocols], { headers: { ...headers } })
  socket.binaryType = 'nodebuffer'
  const early: Buffer[] = []
  const keep = (data: unknown) => {
    if (Buffer.isBuffer(data)) early.push(data)
  }
  socket.on('message', keep)
  await new Promise<void>((resolve, reject) => {
    socket.once('open', resolve)
    socket.once('error', (cause) => reject(new ScreenError('refused', `\`${url}\` does not open: ${cause.message}`, cause)))
  })
  return {
    write: (bytes) => socket.send(bytes),
    close: () => socket.terminate(),
    listen: (onData, onClose) => {
      let reason = 'the server ended the connection'
      socket.off('message', keep)
      for (const bytes of early) onData(bytes)
      socket.on('message', (data, isBinary) => {
        if (isBinary && Buffer.isBuffer(data)) return onData(data)
        reason = 'the server sent a text message, expected binary ones'
        socket.terminate()
      })
      socket.on('error', (error) => {
        reason = error.message
      })
      socket.on('close', (code, text) => onClose(text.length > 0 ? `${code} ${text.toString('utf8')}` : `${reason} (${code})`))
    },
  }
}
