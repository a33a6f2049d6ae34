// SPDX-License-Identifier: Apache-2.0
import { request } from 'node:http'
import { setTimeout } from 'node:timers/promises'
import { checkObjectName, type ObjectSource } from '@casemate/vm-package/object-store'

/**
 * Encrypted objects from the daemon, which fetches them from the console with the device's proof: `GET /objects/<name>` over a unix
 * socket. While the daemon or the console cannot be reached a fetch is tried again until it succeeds or `signal` fires: the reader
 * tells the session that it is late, and the VM waits.
 */
export function daemonOrigin(socket: string, signal: AbortSignal): ObjectSource {
  const get = async (name: string, maxBytes: number): Promise<Uint8Array | null> => {
    checkObjectName(name)
    for (;;) {
      const answer = await fetchObject(socket, name, maxBytes, signal).catch((error: unknown) => {
        signal.throwIfAborted()
        return error instanceof TooLong ? Promise.reject(error) : RETRY
      })
      if (answer !== RETRY) return answer
      await pause(signal)
    }
  }
  // Whatever the cache gives up can be fetched again: the daemon answers for every object of an assigned release.
  return { get, has: async () => true }
}

const RETRY = Symbol('retry')
const RETRY_MS = 500

class TooLong extends Error {
  readonly code = 'object-too-long'
}

/** Ends early, and without an error, once `signal` says that nobody waits any more. */
function pause(signal: AbortSignal): Promise<void> {
  return setTimeout(RETRY_MS, undefined, { signal }).catch((error: unknown) => {
    if (!signal.aborted) throw error
  })
}

function fetchObject(socket: string, name: string, maxBytes: number, signal: AbortSignal): Promise<Uint8Array | null | typeof RETRY> {
  return new Promise((resolve, reject) => {
    const call = request({ socketPath: socket, path: `/objects/${name}`, signal }, (response) => {
      const parts: Buffer[] = []
      let length = 0
      response.on('error', reject)
      response.on('data', (part: Buffer) => {
        length += part.length
        if (length > maxBytes) call.destroy(new TooLong(`object \`${name}\` is longer than ${maxBytes} bytes`))
        else parts.push(part)
      })
      response.on('end', () => {
        if (response.statusCode === 200) resolve(Buffer.concat(parts))
        else resolve(response.statusCode === 404 ? null : RETRY)
      })
    })
    call.on('error', reject)
    call.end()
  })
}
