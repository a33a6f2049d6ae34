// SPDX-License-Identifier: Apache-2.0
//
// Uploads of disks by tus 1.0 (resumable): straight from the socket to the file, outside Next. An upload goes to one disk of one machine,
// is exactly as long as was said when the machine was made, and is that disk's image; so nothing has to be moved when it is whole.
import { AsyncLocalStorage } from 'node:async_hooks'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { PackageError } from '@casemate/vm-package/error'
import { FileStore } from '@tus/file-store'
import { Server } from '@tus/server'
import { z } from 'zod'
import { type Operator, requireRight } from '../src/access/actor.ts'
import { and, eq } from '../src/db/drizzle.ts'
import { ConsoleError } from '../src/error.ts'
import { finishDisk } from '../src/machines/finish-disk.ts'
import type { DiskRow } from '../src/machines/machine.ts'
import type { OpenConsole } from '../src/organisation/open.ts'
import { refuse } from './serve-calls.ts'

const wanted = z.object({ machine: z.string(), disk: z.string() })

export type ServeUpload = (request: IncomingMessage, response: ServerResponse, actorOf: () => Promise<Operator>) => Promise<void>

export function openUploads(console: OpenConsole): ServeUpload {
  // Whose request it is, down to where the upload turns out to be whole.
  const acting = new AsyncLocalStorage<Operator>()
  const server = new Server({
    ...{ path: '/upload', datastore: new FileStore({ directory: console.layout.disks }), relativeLocation: true, allowedOrigins: [] },
    // The disk's file, so that an upload that is begun again finds what there is.
    namingFunction: async (_request, metadata) => (await waitingDisk(console, named(metadata))).file,
    onUploadCreate: async (_request, { size, metadata }) => {
      const { name, sizeBytes } = await waitingDisk(console, named(metadata))
      if (size !== sizeBytes)
        throw answer(new ConsoleError('upload-refused', `expected ${sizeBytes} bytes for disk \`${name}\`, found ${size ?? 'no length'}`))
      return {}
    },
    onUploadFinish: async (_request, { metadata }) => {
      const target = named(metadata)
      const actor = acting.getStore()
      if (actor === undefined) throw answer(new ConsoleError('sign-in-needed', 'sign in first'))
      try {
        await finishDisk(actor, console, target.machine, await waitingDisk(console, target))
      } catch (error) {
        throw error instanceof ConsoleError || error instanceof PackageError ? answer(error) : error
      }
      return {}
    },
  })
  return async (request, response, actorOf) => {
    try {
      const actor = await actorOf()
      requireRight(actor, 'machine:author')
      // A disk goes with its machine; by its upload, one that packages are being made of could go too.
      if (request.method === 'DELETE') throw new ConsoleError('not-found', 'an upload ends by itself or with its machine')
      await acting.run(actor, () => server.handle(request, response))
    } catch (error) {
      refuse(response, error)
    }
  }
}

/** In the form in which tus takes refusals: status and sentence. */
function answer({ code, message }: ConsoleError | PackageError): { readonly status_code: number; readonly body: string } {
  return { status_code: code === 'not-found' ? 404 : 400, body: `${message} (${code})` }
}

function named(metadata: Record<string, string | null> | undefined): z.infer<typeof wanted> {
  const parsed = wanted.safeParse(metadata)
  if (parsed.success) return parsed.data
  throw answer(new ConsoleError('input-invalid', 'expected `machine` and `disk` in the metadata of the upload'))
}

async function waitingDisk({ db, organisation }: OpenConsole, { machine, disk }: z.infer<typeof wanted>): Promise<DiskRow> {
  const { machines, machineDisks } = db.tables
  const [found] = await db
    .select({ disk: machineDisks })
    .from(machineDisks)
    .innerJoin(machines, eq(machines.id, machineDisks.machineId))
    .where(and(eq(machines.organisationId, organisation.id), eq(machines.name, machine), eq(machineDisks.name, disk)))
  if (found === undefined) throw answer(new ConsoleError('not-found', `machine \`${machine}\` has no disk \`${disk}\``))
  if (found.disk.state === 'ready') throw answer(new ConsoleError('exists', `disk \`${disk}\` of \`${machine}\` is whole already`))
  return found.disk
}
