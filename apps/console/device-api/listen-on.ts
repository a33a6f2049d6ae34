// SPDX-License-Identifier: Apache-2.0
import { once } from 'node:events'
import type { Server } from 'node:net'
import { ConsoleError } from '../src/error.ts'

/**
 * @param door for people: which of the console's doors.
 * @returns the port. @throws ConsoleError `port-taken`, and Error of listening.
 */
export async function listenOn(
  server: Server,
  { host, port, door }: { readonly host: string; readonly port: number; readonly door: string },
): Promise<number> {
  server.listen(port, host)
  try {
    await once(server, 'listening')
  } catch (cause) {
    if (!(cause instanceof Error) || !('code' in cause) || cause.code !== 'EADDRINUSE') throw cause
    throw new ConsoleError('port-taken', `another program listens on port ${port} of ${host}, which the ${door} needs`, { cause })
  }
  const address = server.address()
  return address === null || typeof address === 'string' ? 0 : address.port
}
