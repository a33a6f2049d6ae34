// SPDX-License-Identifier: Apache-2.0
//
// TLS to the console under the key that the enrolment code pinned: SHA-256 of the certificate's SPKI. No certificate authority is asked,
// neither a name nor a date is looked at, and not one byte of a request leaves before the key has been compared.
import { createHash } from 'node:crypto'
import { Agent as HttpAgent } from 'node:http'
import { type AgentOptions, Agent as HttpsAgent } from 'node:https'
import type { Duplex } from 'node:stream'
import { connect, type TLSSocket } from 'node:tls'
import { RuntimeError } from '../error.ts'

type Connected = (error: Error | null, stream: Duplex) => void

class PinnedAgent extends HttpsAgent {
  readonly #pin: string

  constructor(pin: string, options: AgentOptions) {
    super(options)
    this.#pin = pin
  }

  override createConnection(options: { host?: string | null; port?: number | string | null }, callback?: Connected): null {
    const [host, port] = [options.host ?? '', Number(options.port)]
    // What authenticates the server is the pin, below; the system's authorities would only add parties that could vouch for another one.
    const socket = connect({ host, port, minVersion: 'TLSv1.3', rejectUnauthorized: false })
    const failed = (error: Error) => callback?.(error, socket)
    socket.once('error', failed)
    socket.once('secureConnect', () => {
      socket.off('error', failed)
      const found = spkiOf(socket)
      if (found === this.#pin) {
        callback?.(null, socket)
        return
      }
      socket.destroy()
      failed(new RuntimeError('pin-mismatch', `expected the console's TLS key \`${this.#pin}\`, found \`${found}\``))
    })
    return null
  }
}

/** @param pin SHA-256 in hex; null only where the code names a loopback address without TLS. */
export function agentFor(pin: string | null): HttpAgent {
  const options = { keepAlive: true, maxSockets: 16, timeout: 330_000 }
  return pin === null ? new HttpAgent(options) : new PinnedAgent(pin, options)
}

function spkiOf(socket: TLSSocket): string {
  const key = socket.getPeerX509Certificate()?.publicKey
  return key === undefined
    ? 'no certificate'
    : createHash('sha256')
        .update(key.export({ type: 'spki', format: 'der' }))
        .digest('hex')
}
