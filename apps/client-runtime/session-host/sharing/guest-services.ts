// SPDX-License-Identifier: Apache-2.0
//
// What the guest finds at the switch itself: its printer, the folders of its user and `guestinfo.*`, as far as the plan gives them this moment. What a plan takes
// away is cut before `apply` returns its promise: the connection, and with it what the guest has open.
import { join } from 'node:path'
import type { NetworkSwitch, Service } from '@casemate/engine/network'
import { type FolderServer, serveFolder } from '@casemate/engine/shared-folder'
import type { InstanceLayout, Layout } from '../../layout.ts'
import type { FolderView, GuestInfoView } from '../../local-api.ts'
import type { EventLog } from '../event-log.ts'
import { GuestInfo } from '../guest-info/guest-info.ts'
import { readSetValues } from '../guest-info/set-values.ts'
import { noSharing, type SharingInForce } from '../in-force.ts'
import { FolderError } from './error.ts'
import { guestPorts } from './ports.ts'
import { Printer } from './printer.ts'
import { shareable } from './shareable.ts'
import { type ChosenFolder, readFolders } from './shared-folders.ts'

interface Served {
  readonly folder: ChosenFolder
  readonly server: FolderServer
  readonly service: Service
}

interface Options {
  readonly network: Pick<NetworkSwitch, 'setServices'>
  readonly layout: Layout
  readonly instance: Pick<InstanceLayout, 'sharedFolders' | 'guestInfo'>
  /** Where printed documents go. */
  readonly printed: string
  readonly runtimeFolder: string
  /** What the runtime itself tells the guest. */
  readonly fixed: ReadonlyMap<string, string>
  readonly events: Pick<EventLog, 'add'>
}

export class GuestServices {
  readonly #options: Options
  readonly #print: Service
  readonly #guestInfo: GuestInfo
  readonly #answer: Service
  readonly #served = new Map<number, Served>()
  readonly #failed = new Map<number, string>()
  #chosen: readonly ChosenFolder[] = []
  #inForce = noSharing
  #turn: Promise<unknown> = Promise.resolve()
  #count = 0

  constructor(options: Options) {
    this.#options = options
    const printer = new Printer({
      folder: options.printed,
      now: () => performance.now(),
      date: () => new Date(),
      printed: (name, bytes) => options.events.add('printed', { name, bytes }),
      refused: (reason) => options.events.add('print-refused', { reason }),
    })
    this.#print = (connection) => printer.serve(connection)
    this.#guestInfo = new GuestInfo({ fixed: options.fixed, events: options.events, now: () => performance.now() })
    this.#answer = (connection) => this.#guestInfo.serve(connection)
  }

  /** Resolves once nothing is served that is not in force, and all that can be of what is. */
  apply(inForce: SharingInForce): Promise<void> {
    this.#inForce = inForce
    this.#guestInfo.apply(inForce.guestInfo)
    this.#announce()
    return this.#inTurn(async () => {
      // Before anything of the user's is read, which may fail.
      await this.#withdraw()
      if (inForce.folders !== 'none') await this.#takeUpFolders()
      if (inForce.guestInfo.toGuest.length > 0) this.#guestInfo.takeUp(await readSetValues(this.#options.instance))
    })
  }

  /** Takes up what the user chose meanwhile. */
  reread(): Promise<readonly FolderView[]> {
    return this.#inTurn(async () => {
      await this.#takeUpFolders()
      return this.#chosen.map((folder) => ({ ...this.#view(folder) }))
    })
  }

  readGuestInfo(): Promise<GuestInfoView> {
    return this.#inTurn(async () => {
      this.#guestInfo.takeUp(await readSetValues(this.#options.instance))
      return this.#guestInfo.view()
    })
  }

  async close(): Promise<void> {
    await this.apply(noSharing)
  }

  #view({ place, path, readOnly }: ChosenFolder): FolderView {
    const served = this.#served.get(place)
    const state = served === undefined ? 'not-shared' : served.folder.readOnly ? 'read-only' : 'read-write'
    return { path, readOnly, port: guestPorts.folders + place, state, code: this.#failed.get(place) ?? null }
  }

  /** As the plan lets it be. */
  #wanted(): readonly ChosenFolder[] {
    const { folders } = this.#inForce
    if (folders === 'none') return []
    return this.#chosen.map((folder) => ({ ...folder, readOnly: folder.readOnly || folders === 'read-only' }))
  }

  /** Ends what is not in force any more. */
  async #withdraw(): Promise<void> {
    for (const [place, { folder, server }] of [...this.#served]) {
      if (this.#isWanted(folder)) continue
      this.#served.delete(place)
      await server.close()
      this.#options.events.add('folder-withdrawn', { path: folder.path })
    }
  }

  async #takeUpFolders(): Promise<void> {
    const { instance, events, layout, runtimeFolder } = this.#options
    this.#chosen = await readFolders(instance)
    this.#announce()
    await this.#withdraw()
    this.#failed.clear()
    for (const folder of this.#wanted()) {
      if (this.#served.has(folder.place)) continue
      try {
        // Where it was when it was chosen, and nowhere that a guest could have led to since.
        if ((await shareable(folder.path, layout)) !== folder.path) throw new FolderError('folder-missing', `\`${folder.path}\` is a link now`)
        this.#count += 1
        const server = await serveFolder(folder, join(runtimeFolder, `folder${this.#count}`))
        this.#served.set(folder.place, { folder, server, service: (connection) => server.serve(connection) })
        events.add('folder-shared', { path: folder.path, access: folder.readOnly ? 'read-only' : 'read-write' })
      } catch (error) {
        const code = error instanceof Error && 'code' in error ? String(error.code) : 'folder-failed'
        this.#failed.set(folder.place, code)
        events.add('folder-not-shared', { path: folder.path, code })
      }
    }
    this.#announce()
  }

  /** Of what is served, that which is in force now. */
  #announce(): void {
    const services = new Map<number, Service>()
    const { toGuest, fromGuest } = this.#inForce.guestInfo
    if (toGuest.length + fromGuest.length > 0) services.set(guestPorts.guestInfo, this.#answer)
    if (this.#inForce.printer) services.set(guestPorts.printer, this.#print)
    for (const { folder, service } of this.#served.values()) if (this.#isWanted(folder)) services.set(guestPorts.folders + folder.place, service)
    this.#options.network.setServices(services)
  }

  #isWanted({ place, path, readOnly }: ChosenFolder): boolean {
    return this.#wanted().some((one) => one.place === place && one.path === path && one.readOnly === readOnly)
  }

  #inTurn<T>(act: () => Promise<T>): Promise<T> {
    const done = this.#turn.then(act)
    this.#turn = done.catch(() => undefined)
    return done
  }
}
