// SPDX-License-Identifier: Apache-2.0
//
// The USB devices of this host, and how one of them is taken from it: by Debian's `usbredirect` in a box that holds the node of this one device and
// no network but its own loopback. Its bytes are those of a stranger all the same: see redir-filter.ts.
import { access, constants } from 'node:fs/promises'
import { join } from 'node:path'
import type { Duplex } from 'node:stream'
import { fileURLToPath } from 'node:url'
import { EngineError } from '../error.ts'
import { type Box, spawnContained, systemFolders } from '../qemu/containment.ts'
import { findProgram, programFolders } from '../qemu/installation.ts'
import { type HostUsbDevice, listUsb } from './sysfs.ts'

export type UsbReport =
  | { readonly available: true; readonly program: string }
  | { readonly available: false; readonly code: 'usb-missing'; readonly message: string }

/** A device that was taken from the host; the host has it back once it is closed. */
export interface TakenDevice {
  readonly stream: Duplex
  /** What the program that gives it said last. */
  words(): string
  close(): Promise<void>
}

export interface HostUsbPlaces {
  /** The file system of the kernel's devices. */
  readonly sysfs: string
  /** Nodes of USB devices, by bus and address. */
  readonly nodes: string
  /** Where `usbredirect` and bubblewrap are installed. */
  readonly programs: readonly string[]
  /** Folders that both need besides, in the box. */
  readonly libraries: readonly string[]
}

const ofThisHost: HostUsbPlaces = { sysfs: '/sys', nodes: '/dev/bus/usb', programs: programFolders, libraries: systemFolders }
const relayInside = '/relay.mts'

export class HostUsb {
  readonly #places: HostUsbPlaces

  /** @param places elsewhere, for tests */
  constructor(places: Partial<HostUsbPlaces> = {}) {
    this.#places = { ...ofThisHost, ...places }
  }

  async probe(): Promise<UsbReport> {
    try {
      const { redirect } = await this.#programs()
      await access(this.#folder, constants.R_OK).catch(() => {
        throw new EngineError('usb-missing', `this computer has no USB: there is no \`${this.#folder}\``)
      })
      return { available: true, program: redirect }
    } catch (error) {
      if (error instanceof EngineError) return { available: false, code: 'usb-missing', message: error.message }
      throw error
    }
  }

  /** @throws EngineError `usb-missing` */
  async list(): Promise<readonly HostUsbDevice[]> {
    try {
      return await listUsb(this.#folder)
    } catch (cause) {
      throw new EngineError('usb-missing', `this computer has no USB: there is no \`${this.#folder}\``, cause)
    }
  }

  /** The host's own drivers let go of it. @throws EngineError `usb-missing` */
  async take(device: HostUsbDevice): Promise<TakenDevice> {
    const { redirect, bubblewrap } = await this.#programs()
    const box = redirectBox(device, this.#places, redirect, bubblewrap)
    const contained = spawnContained(box, ['--no-warnings', relayInside, redirect, `${device.bus}-${device.address}`], 1)
    const [stream] = contained.channels
    if (stream === undefined) throw new EngineError('usb-missing', `\`${bubblewrap}\` did not start: ${contained.lastWords()}`)
    const close = async (): Promise<void> => {
      stream.destroy()
      contained.process.kill('SIGKILL')
      await contained.closed
    }
    return { stream, words: contained.lastWords, close }
  }

  get #folder(): string {
    return join(this.#places.sysfs, 'bus/usb/devices')
  }

  async #programs(): Promise<{ readonly redirect: string; readonly bubblewrap: string }> {
    if (process.platform !== 'linux') throw new EngineError('usb-missing', `USB devices are taken from Linux only, this is \`${process.platform}\``)
    const { programs } = this.#places
    return { redirect: await findProgram(programs, 'usbredirect', 'usb-missing'), bubblewrap: await findProgram(programs, 'bwrap', 'usb-missing') }
  }
}

/** Node runs the relay; of the host's devices there is this one, and the kernel's list of them to find it by. */
export function redirectBox(
  { bus, address }: Pick<HostUsbDevice, 'bus' | 'address'>,
  places: HostUsbPlaces,
  redirect: string,
  bubblewrap: string,
): Box {
  const digits = (value: number): string => String(value).padStart(3, '0')
  const node = join(places.nodes, digits(bus), digits(address))
  const same = (path: string) => ({ host: path, inside: path })
  return {
    ...{ bubblewrap, program: process.execPath, systemFolders: places.libraries, writable: [], memoryFiles: [] },
    readOnly: [
      same(redirect),
      { host: fileURLToPath(new URL('./relay.ts', import.meta.url)), inside: relayInside },
      { host: join(places.sysfs, 'bus/usb'), inside: '/sys/bus/usb' },
      { host: join(places.sysfs, 'devices'), inside: '/sys/devices' },
    ],
    devices: [node],
  }
}
