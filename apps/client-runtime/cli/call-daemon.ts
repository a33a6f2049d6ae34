// SPDX-License-Identifier: Apache-2.0
import { resolve } from 'node:path'
import { layoutOf } from '../layout.ts'
import { type DaemonRequest, type DaemonResponse, type DaemonRoute, daemonError, daemonRoutes } from '../local-api.ts'
import { CliError } from './error.ts'

// Not imported: an import reads every export of `node:http`, one of which loads all of undici, a fifth of what a command takes.
const { request } = process.getBuiltinModule('node:http')

/** @throws CliError: `refused` for what the daemon said, `environment` where there is no daemon or it failed. */
export async function callDaemon<R extends DaemonRoute>(data: string, route: R, body: DaemonRequest<R>): Promise<DaemonResponse<R>>
export async function callDaemon(data: string, route: DaemonRoute, body: object): Promise<object> {
  const { path, response } = daemonRoutes[route]
  const { status, text } = await post(layoutOf(resolve(data)).daemonSocket, path, JSON.stringify(body))
  const value: unknown = JSON.parse(text)
  if (status === 200) return response.parse(value)
  const { code, message, reasons } = daemonError.parse(value).error
  throw new CliError(status === 409 ? 'refused' : status === 400 ? 'usage' : 'environment', code, message, reasons)
}

function post(socketPath: string, path: string, body: string): Promise<{ readonly status: number; readonly text: string }> {
  return new Promise((resolve, reject) => {
    const headers = { 'content-type': 'application/json', 'content-length': Buffer.byteLength(body) }
    const call = request({ socketPath, path, method: 'POST', headers }, (response) => {
      const parts: Buffer[] = []
      response.on('data', (part: Buffer) => parts.push(part))
      response.on('error', reject)
      response.on('end', () => resolve({ status: response.statusCode ?? 0, text: Buffer.concat(parts).toString('utf8') }))
    })
    call.on('error', (cause) => reject(new CliError('environment', 'daemon-not-running', `no daemon answers on \`${socketPath}\`: ${cause.message}`)))
    call.end(body)
  })
}
