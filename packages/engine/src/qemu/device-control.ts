// SPDX-License-Identifier: Apache-2.0
//
// What is done to devices while the guest runs. QEMU's box is closed by then: the socket of a medium that comes later is passed on by one that this
// process makes in the folder that QEMU sees, takes QEMU's connections alone, and is gone with the medium.
import { once } from 'node:events'
import { chmod, rm } from 'node:fs/promises'
import { createConnection, createServer, type Server, type Socket } from 'node:net'
import { basename, join } from 'node:path'
import type { Duplex } from 'node:stream'
import { z } from 'zod'
import type { DriveName } from '../device-spec.ts'
import { EngineError } from '../error.ts'
import type { UsbAdmission } from '../usb/admission.ts'
import type { RedirFilter } from '../usb/redir-filter.ts'
import type { DeviceControl, MediumSpec, VmSpec } from '../virtual-machine.ts'
import { driveNode } from './block-graph.ts'
import type { Launched } from './launch.ts'
import { inside } from './layout.ts'
import { nothing } from './qmp-messages.ts'
import { UsbRedirection } from './usb-redirection.ts'

const deadlineMs = 20_000
const mebibyte = 1 << 20
const balloon = z.looseObject({ actual: z.int().min(0) })

interface Relay {
  readonly server: Server
  readonly sockets: Set<Socket>
  readonly path: string
}

export class QemuDevices implements DeviceControl {
  readonly agent: Duplex | undefined
  readonly #launched: Launched
  readonly #spec: VmSpec
  readonly #relays = new Map<DriveName, Relay>()
  readonly #usb: UsbRedirection
  #lastChange: Promise<unknown> = Promise.resolve()

  constructor(launched: Launched, spec: VmSpec) {
    this.#launched = launched
    this.#spec = spec
    this.agent = spec.devices?.agent === true ? launched.agent : undefined
    this.#usb = new UsbRedirection(launched, spec.devices?.usb)
  }

  async setMemoryTarget(memoryMiB: number): Promise<void> {
    this.#need(this.#spec.devices?.balloon === true, 'balloon')
    if (!Number.isInteger(memoryMiB) || memoryMiB < 16 || memoryMiB > this.#spec.memoryMiB)
      throw new EngineError('spec-invalid', `a machine of ${this.#spec.memoryMiB} MiB cannot be asked to have \`${memoryMiB}\``)
    await this.#do('balloon', { value: memoryMiB * mebibyte })
  }

  async memoryMiB(): Promise<number> {
    this.#need(this.#spec.devices?.balloon === true, 'balloon')
    const { actual } = await this.#launched.qmp.execute('query-balloon', {}, balloon, deadlineMs)
    return actual / mebibyte
  }

  insert(drive: DriveName, medium: MediumSpec): Promise<void> {
    return this.#withDrive(drive, async () => {
      await this.#empty(drive)
      this.#relays.set(drive, await relayTo(medium, join(this.#launched.sockets.folder, basename(inside.drive(drive)))))
      try {
        await this.#do('blockdev-add', driveNode(drive, medium))
        await this.#do('blockdev-open-tray', { id: drive, force: true })
        await this.#do('blockdev-insert-medium', { id: drive, 'node-name': `${drive}-medium` })
        await this.#do('blockdev-close-tray', { id: drive })
      } catch (error) {
        await this.#closeRelay(drive)
        throw error
      }
    })
  }

  eject(drive: DriveName): Promise<void> {
    return this.#withDrive(drive, () => this.#empty(drive))
  }

  attachUsb(filter: RedirFilter, admission: UsbAdmission): Promise<void> {
    return this.#inTurn(() => this.#usb.attach(filter, admission))
  }

  /** For a snapshot: QEMU would save a USB device that is nowhere to be found again. Nothing is attached or inserted meanwhile. */
  withoutUsb(save: () => Promise<void>): Promise<void> {
    return this.#inTurn(async () => {
      await this.#usb.detachAll()
      await save()
    })
  }

  /** For a suspend: where the VM goes on, nobody serves what was in a drive either. */
  emptied(save: () => Promise<void>): Promise<void> {
    return this.#inTurn(async () => {
      for (const drive of [...this.#relays.keys()]) await this.#empty(drive)
      await this.#usb.detachAll()
      await save()
    })
  }

  /** For when the process is gone: nothing is left to be told. */
  close(): void {
    this.#usb.close()
    for (const { server, sockets } of this.#relays.values()) {
      server.close()
      for (const socket of sockets) socket.destroy()
    }
  }

  async #empty(drive: DriveName): Promise<void> {
    if (!this.#relays.has(drive)) return
    await this.#do('blockdev-open-tray', { id: drive, force: true })
    await this.#do('blockdev-remove-medium', { id: drive })
    await this.#do('blockdev-del', { 'node-name': `${drive}-medium` })
    await this.#closeRelay(drive)
  }

  async #closeRelay(drive: DriveName): Promise<void> {
    const relay = this.#relays.get(drive)
    if (relay === undefined) return
    this.#relays.delete(drive)
    relay.server.close()
    for (const socket of relay.sockets) socket.destroy()
    await rm(relay.path, { force: true })
  }

  #withDrive(drive: DriveName, act: () => Promise<void>): Promise<void> {
    return this.#inTurn(() => {
      this.#need(this.#spec.devices?.drives?.includes(drive) === true, `drive:${drive}`)
      return act()
    })
  }

  #inTurn(act: () => Promise<void>): Promise<void> {
    const turn = this.#lastChange.then(act)
    this.#lastChange = Promise.allSettled([turn])
    return turn
  }

  #need(holds: boolean, capability: string): void {
    if (!holds) throw new EngineError('capability-missing', `this machine has no \`${capability}\``)
  }

  async #do(command: string, args: Readonly<Record<string, unknown>>): Promise<void> {
    await this.#launched.qmp.execute(command, args, nothing, deadlineMs)
  }
}

async function relayTo({ nbd }: MediumSpec, path: string): Promise<Relay> {
  const sockets = new Set<Socket>()
  const server = createServer((near) => {
    const far = createConnection(nbd.socket)
    for (const [socket, other] of [
      [near, far],
      [far, near],
    ] as const) {
      sockets.add(socket)
      socket.on('error', () => other.destroy())
      socket.on('close', () => {
        sockets.delete(socket)
        other.destroy()
      })
    }
    near.pipe(far).pipe(near)
  })
  await rm(path, { force: true })
  server.listen(path)
  await once(server, 'listening')
  await chmod(path, 0o600)
  return { server, sockets, path }
}
