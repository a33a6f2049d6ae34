// SPDX-License-Identifier: Apache-2.0
//
// Encrypted objects for session hosts: those that came by hand, else out of the console with this device's proof. What comes from there is
// not looked at: whoever reads it checks every byte against the name.
import { chmod, rm } from 'node:fs/promises'
import { createServer, type Server } from 'node:http'
import { objectRoutes } from '@casemate/policy/protocol'
import { type ConsoleClient, readWhole } from '../console/console-client.ts'
import type { Imports } from '../handover/imports.ts'

const largestObject = 67_108_864
const patienceMs = 30_000

/** @param console null while the device is not enrolled. */
export async function openObjectDoor(socket: string, imports: Pick<Imports, 'find'>, console: () => ConsoleClient | null): Promise<Server> {
  const server = createServer((request, response) => {
    const name = /^\/objects\/([0-9a-f]{64})$/.exec(request.url ?? '')?.[1]
    if (request.method !== 'GET' || name === undefined) return void response.writeHead(404).end()
    findObject(imports, console(), name).then(
      ({ status, bytes }) => response.writeHead(status === 200 || status === 404 ? status : 503).end(status === 200 ? bytes : undefined),
      () => response.writeHead(503).end(),
    )
  })
  await listenOn(server, socket)
  return server
}

async function findObject(imports: Pick<Imports, 'find'>, console: ConsoleClient | null, name: string) {
  const imported = await imports.find(name)
  if (imported !== null) return { status: 200, bytes: imported }
  return console === null ? { status: 503, bytes: null } : await fetchObject(console, name)
}

async function fetchObject(console: ConsoleClient, name: string): Promise<{ readonly status: number; readonly bytes: Buffer }> {
  const response = await console.get(`${objectRoutes.object.prefix}${name}`, AbortSignal.timeout(patienceMs))
  return { status: response.statusCode ?? 0, bytes: await readWhole(response, largestObject) }
}

/** Whoever holds the daemon's lock owns the socket: one that is left over goes first. */
export async function listenOn(server: Server, socket: string): Promise<void> {
  await rm(socket, { force: true })
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject)
    server.listen(socket, resolve)
  })
  await chmod(socket, 0o600)
}
