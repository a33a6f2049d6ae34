// SPDX-License-Identifier: Apache-2.0
//
// Encrypted objects for session hosts: those that came by hand, else out of the console.
import { chmod, rm } from 'node:fs/promises'
import { createServer, type Server } from 'node:http'
import type { ConsoleClient } from '../console/console-client.ts'
import type { Imports } from '../handover/imports.ts'
import { type Fetched, ObjectFetches } from './object-fetches.ts'

/** @param console null while the device is not enrolled. */
export async function openObjectDoor(socket: string, imports: Pick<Imports, 'find'>, console: () => ConsoleClient | null): Promise<Server> {
  const fetches = new ObjectFetches()
  const server = createServer((request, response) => {
    const name = /^\/objects\/([0-9a-f]{64})$/.exec(request.url ?? '')?.[1]
    if (request.method !== 'GET' || name === undefined) return void response.writeHead(404).end()
    findObject(imports, fetches, console(), name).then(
      (found) => {
        if (found?.status === 200) response.writeHead(200).end(found.bytes)
        else response.writeHead(found?.status === 404 ? 404 : 503).end()
      },
      () => response.writeHead(503).end(),
    )
  })
  await listenOn(server, socket)
  return server
}

async function findObject(
  imports: Pick<Imports, 'find'>,
  fetches: ObjectFetches,
  console: ConsoleClient | null,
  name: string,
): Promise<Fetched | null> {
  const imported = await imports.find(name)
  if (imported !== null) return { status: 200, bytes: imported }
  return console === null ? null : await fetches.fetch(console, name)
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
