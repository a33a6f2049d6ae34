// SPDX-License-Identifier: Apache-2.0
import { text } from 'node:stream/consumers'

// Not imported: an import reads every export of `node:http`, one of which loads all of undici, a fifth of what a command takes.
const { request } = process.getBuiltinModule('node:http')

/** Calls a session host's control door. @param socket its path @throws Error where it does not answer, or refuses */
export function callControl(socket: string, method: 'GET' | 'POST', path: string, body?: object): Promise<unknown> {
  const { promise, resolve, reject } = Promise.withResolvers<unknown>()
  const call = request({ socketPath: socket, path, method, agent: false, headers: { 'content-type': 'application/json' } }, (answer) => {
    text(answer)
      .then((found) => (answer.statusCode === 200 ? JSON.parse(found) : Promise.reject(new Error(`${path}: ${answer.statusCode} ${found}`))))
      .then(resolve, reject)
  })
  call.on('error', reject)
  call.end(body === undefined ? undefined : JSON.stringify(body))
  return promise
}
