// SPDX-License-Identifier: Apache-2.0
//
// The daemon's local door: its calls on a unix socket that only this user may open.
import { createServer, type Server } from 'node:http'
import { getRequestListener } from '@hono/node-server'
import { Hono } from 'hono'
import { listenOn } from './object-door.ts'
import { type DaemonCalls, serveCalls } from './serve-calls.ts'

export async function openLocalDoor(socket: string, calls: DaemonCalls): Promise<Server> {
  const app = new Hono()
  serveCalls(app, calls)
  const server = createServer(getRequestListener(app.fetch))
  await listenOn(server, socket)
  return server
}
