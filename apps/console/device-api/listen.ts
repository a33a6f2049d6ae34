// SPDX-License-Identifier: Apache-2.0
import { once } from 'node:events'
import { createServer, type Server } from 'node:https'
import { getRequestListener } from '@hono/node-server'
import type { OpenConsole } from '../src/organisation/open.ts'
import { createDeviceApp, type DeviceAppOptions } from './app.ts'

export interface DeviceDoor {
  readonly port: number
  /** Waits for nobody: held calls were ended before, the rest may be asked again. */
  close(): Promise<void>
}

/**
 * Serves the device door over TLS.
 * @param port 0: any free one.
 * @throws Error of listening, such as `EADDRINUSE`.
 */
export async function openDeviceDoor(
  console: OpenConsole,
  { host, port }: { host: string; port: number },
  options: DeviceAppOptions,
): Promise<DeviceDoor> {
  const app = createDeviceApp(console, options)
  const listener = getRequestListener((request, env) => app.fetch(request, env), { overrideGlobalObjects: false })
  const key = console.tls.key.export({ format: 'pem', type: 'pkcs8' })
  const server = createServer({ key, cert: console.tls.certificate, minVersion: 'TLSv1.3', maxHeaderSize: 16_384, requestTimeout: 60_000 }, listener)
  server.listen(port, host)
  await once(server, 'listening')
  return { port: portOf(server), close: () => closeServer(server) }
}

function portOf(server: Server): number {
  const address = server.address()
  return address === null || typeof address === 'string' ? 0 : address.port
}

async function closeServer(server: Server): Promise<void> {
  const closed = once(server, 'close')
  server.close()
  server.closeIdleConnections()
  // An answer that is being written gets a moment; a connection that is kept open does not keep the console.
  const timer = setTimeout(() => server.closeAllConnections(), 2000)
  await closed
  clearTimeout(timer)
}
