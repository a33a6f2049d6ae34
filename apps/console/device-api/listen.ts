// SPDX-License-Identifier: Apache-2.0
import { once } from 'node:events'
import { createServer, type Server } from 'node:https'
import { getRequestListener } from '@hono/node-server'
import type { OpenConsole } from '../src/organisation/open.ts'
import { createDeviceApp, type DeviceAppOptions } from './app.ts'
import { listenOn } from './listen-on.ts'

export interface DeviceDoor {
  readonly port: number
  /** Waits for nobody: held calls were ended before, the rest may be asked again. */
  close(): Promise<void>
}

/**
 * Serves the device door over TLS.
 * @param port 0: any free one.
 * @throws ConsoleError `port-taken`, and Error of listening.
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
  return { port: await listenOn(server, { host, port, door: 'device door' }), close: () => closeServer(server) }
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
