// SPDX-License-Identifier: Apache-2.0
//
// USB devices that come and go while the guest runs: each is a `usb-redir` on a port of the machine's one controller. QEMU joins a socket in the
// folder that it sees, once; behind it stands the filter. Ports are named, since QEMU would put a hub of its own into the last free one.
import { once } from 'node:events'
import { chmod, rm } from 'node:fs/promises'
import { createServer } from 'node:net'
import { basename, join } from 'node:path'
import type { DeviceSpec } from '../device-spec.ts'
import { EngineError } from '../error.ts'
import { filterProperty, type UsbAdmission } from '../usb/admission.ts'
import type { RedirFilter } from '../usb/redir-filter.ts'
import type { Launched } from './launch.ts'
import { inside } from './layout.ts'
import { nothing } from './qmp-messages.ts'

const deadlineMs = 20_000
/** Of each controller, without the one of the pointer. */
const ports: Readonly<Record<NonNullable<DeviceSpec['usb']>, readonly string[]>> = {
  uhci: ['2'],
  ohci: ['2', '3'],
  ehci: ['2', '3', '4', '5', '6'],
  xhci: ['2', '3', '4'],
}

interface Plugged {
  readonly port: string
  readonly filter: RedirFilter
  readonly gone: Promise<void>
}

export class UsbRedirection {
  readonly #launched: Pick<Launched, 'qmp' | 'sockets'>
  readonly #controller: DeviceSpec['usb']
  readonly #plugged = new Map<string, Plugged>()
  #count = 0

  constructor(launched: Pick<Launched, 'qmp' | 'sockets'>, controller: DeviceSpec['usb']) {
    this.#launched = launched
    this.#controller = controller
  }

  /** One at a time. On failure the filter has ended. */
  async attach(filter: RedirFilter, admission: UsbAdmission): Promise<void> {
    try {
      await this.#plugIn(filter, admission)
    } catch (error) {
      filter.end('usb-rejected', 'the machine does not take the USB device')
      throw error
    }
  }

  /** Before a state is saved: where it goes on, nobody stands behind a device. Resolves once QEMU has none. */
  async detachAll(): Promise<void> {
    for (const { filter } of this.#plugged.values()) filter.end('usb-saved', 'the machine is being saved')
    await Promise.all([...this.#plugged.values()].map(({ gone }) => gone))
  }

  /** For when the process is gone. */
  close(): void {
    for (const { filter } of this.#plugged.values()) filter.end('usb-gone', 'the machine has ended')
  }

  async #plugIn(filter: RedirFilter, admission: UsbAdmission): Promise<void> {
    if (this.#controller === undefined) throw new EngineError('capability-missing', 'this machine has no USB controller')
    const taken = [...this.#plugged.values()].map(({ port }) => port)
    const port = ports[this.#controller].find((free) => !taken.includes(free))
    if (port === undefined) throw new EngineError('usb-rejected', `all ports of the machine's \`${this.#controller}\` controller are taken`)
    this.#count += 1
    const id = `redir${this.#count}`
    await this.#join(id, filter)
    const removed = Promise.withResolvers<void>()
    this.#plugged.set(id, { port, filter, gone: removed.promise })
    const device = { driver: 'usb-redir', id, chardev: id, bus: 'usb.0', port, filter: filterProperty(admission) }
    const adding = this.#do('device_add', device)
    const added = adding.then(
      () => true,
      () => false,
    )
    void filter.ended.then(async () => {
      // What QEMU does not undo goes with its process: the guest has lost the device with the connection.
      await this.#pullOut(id, await added).catch(() => undefined)
      this.#plugged.delete(id)
      removed.resolve()
    })
    await adding
  }

  /** QEMU's end of the filter. */
  async #join(id: string, filter: RedirFilter): Promise<void> {
    const path = join(this.#launched.sockets.folder, basename(inside.usb(id)))
    const server = createServer((socket) => filter.serve(socket))
    await rm(path, { force: true })
    server.listen(path)
    await once(server, 'listening')
    try {
      await chmod(path, 0o600)
      const addr = { type: 'unix', data: { path: inside.usb(id) } }
      const joined = once(server, 'connection', { signal: AbortSignal.timeout(deadlineMs) })
      const adding = this.#do('chardev-add', { id, backend: { type: 'socket', data: { addr, server: false } } })
      try {
        await Promise.all([adding, joined])
      } catch (error) {
        await adding.then(() => this.#do('chardev-remove', { id })).catch(() => undefined)
        throw error
      }
    } finally {
      server.close()
      await rm(path, { force: true })
    }
  }

  async #pullOut(id: string, added: boolean): Promise<void> {
    if (added) {
      const { qmp } = this.#launched
      const deleted = Promise.withResolvers<void>()
      const hears = (name: string, data: Readonly<Record<string, unknown>>) => {
        if (name === 'DEVICE_DELETED' && data.device === id) deleted.resolve()
      }
      qmp.on('event', hears)
      qmp.once('closed', deleted.reject)
      try {
        await this.#do('device_del', { id })
        await deleted.promise
      } finally {
        qmp.off('event', hears)
        qmp.off('closed', deleted.reject)
        deleted.promise.catch(() => undefined)
      }
    }
    await this.#do('chardev-remove', { id })
  }

  async #do(command: string, args: Readonly<Record<string, unknown>>): Promise<void> {
    await this.#launched.qmp.execute(command, args, nothing, deadlineMs)
  }
}
