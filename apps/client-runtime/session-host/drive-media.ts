// SPDX-License-Identifier: Apache-2.0
//
// What is in the guest's CD and floppy drives: files of images that the user names, served read-only to the one VM, as far as the plan gives it
// the drive (PO-12). Each is opened once, when it is put in: what is done to its path later changes nothing.
import { type FileHandle, open } from 'node:fs/promises'
import { basename, join } from 'node:path'
import type { DriveName } from '@casemate/engine/device-spec'
import type { DeviceControl } from '@casemate/engine/virtual-machine'
import { serveNbd } from '@casemate/vm-package/nbd-server'
import { MediumError } from './medium-error.ts'

const cdSector = 2048
/** Of 3.5 inches, high density: the one kind that the drive reads. */
const floppyBytes = 1_474_560

interface Inserted {
  readonly name: string
  close(): Promise<void>
}

export class DriveMedia {
  readonly drives: readonly DriveName[]
  readonly #devices: Pick<DeviceControl, 'insert' | 'eject'>
  readonly #runtimeFolder: string
  readonly #inserted = new Map<DriveName, Inserted>()
  #turn: Promise<unknown> = Promise.resolve()
  #count = 0

  /** @param drives of the machine */
  constructor(devices: Pick<DeviceControl, 'insert' | 'eject'>, drives: readonly DriveName[], runtimeFolder: string) {
    this.drives = drives
    this.#devices = devices
    this.#runtimeFolder = runtimeFolder
  }

  /** The name of the file in the drive; null: it is empty. */
  in(drive: DriveName): string | null {
    return this.#inserted.get(drive)?.name ?? null
  }

  /** In place of what is there. @throws MediumError; EngineError where the machine has no such drive */
  insert(drive: DriveName, path: string): Promise<void> {
    return this.#inTurn(async () => {
      const file = await openImage(drive, path)
      this.#count += 1
      const socket = join(this.#runtimeFolder, `${drive}${this.#count}.sock`)
      const device = { size: file.size, readOnly: true, read: (offset: number, length: number) => readFully(file.handle, offset, length) }
      const server = await serveNbd({ socketPath: socket, exports: new Map([[drive, device]]), onReadError: () => undefined })
      const close = async () => {
        await server.close()
        await file.handle.close()
      }
      try {
        await this.#devices.insert(drive, { sizeBytes: file.size, nbd: { socket, name: drive } })
      } catch (error) {
        await close()
        throw error
      }
      await this.#inserted.get(drive)?.close()
      this.#inserted.set(drive, { name: basename(path), close })
    })
  }

  /** After what goes in at the moment. @returns whether there was one */
  eject(drive: DriveName): Promise<boolean> {
    return this.#inTurn(async () => {
      if (!this.#inserted.has(drive)) return false
      await this.#devices.eject(drive)
      await this.#drop(drive)
      return true
    })
  }

  /** For a VM that is gone. */
  close(): Promise<void> {
    return this.#inTurn(async () => {
      for (const drive of this.drives) await this.#drop(drive)
    })
  }

  async #drop(drive: DriveName): Promise<void> {
    const former = this.#inserted.get(drive)
    this.#inserted.delete(drive)
    await former?.close()
  }

  #inTurn<T>(act: () => Promise<T>): Promise<T> {
    const done = this.#turn.then(act)
    this.#turn = done.catch(() => undefined)
    return done
  }
}

async function openImage(drive: DriveName, path: string): Promise<{ readonly handle: FileHandle; readonly size: number }> {
  let handle: FileHandle
  try {
    handle = await open(path, 'r')
  } catch (cause) {
    throw new MediumError('medium-unreadable', `\`${path}\` cannot be read`, cause)
  }
  const found = await handle.stat()
  const fits = drive === 'cd' ? found.size > 0 && found.size % cdSector === 0 : found.size === floppyBytes
  if (found.isFile() && fits) return { handle, size: found.size }
  await handle.close()
  const expected = drive === 'cd' ? `whole sectors of ${cdSector} bytes` : `${floppyBytes} bytes`
  throw new MediumError('medium-invalid', `expected an image of ${expected}, found \`${path}\` with ${found.size}`)
}

async function readFully(handle: FileHandle, offset: number, length: number): Promise<Uint8Array> {
  const bytes = Buffer.alloc(length)
  const { bytesRead } = await handle.read(bytes, 0, length, offset)
  if (bytesRead !== length) throw new MediumError('medium-unreadable', 'the image has become shorter since it was put in')
  return bytes
}
