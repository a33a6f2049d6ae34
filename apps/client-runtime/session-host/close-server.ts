// SPDX-License-Identifier: Apache-2.0
import type { Server } from 'node:http'

const PATIENCE_MS = 2000

/** Takes no new call, lets those under way finish their answers, and cuts what is left after two seconds. */
export async function closeServer(server: Server): Promise<void> {
  const closed = new Promise<void>((resolve) => server.close(() => resolve()))
  server.closeIdleConnections()
  const cut = setTimeout(() => server.closeAllConnections(), PATIENCE_MS)
  await closed
  clearTimeout(cut)
}
