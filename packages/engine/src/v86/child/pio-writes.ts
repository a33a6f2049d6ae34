// SPDX-License-Identifier: Apache-2.0
//
// v86 tells the guest that a PIO write is done as soon as it has the data, and answers FLUSH CACHE at once. Here the drive stays busy
// instead (ATA/ATAPI-7, BSY) until the write is durable.
import type { IdeInterfaceHooks } from './hooks.ts'

/** Status register: BSY; DRDY and DSC. */
const BUSY = 0x80
const READY = 0x50
/** Of the primary channel, which has all disks. */
const IRQ = 14

export class PioWrites {
  readonly #drive: IdeInterfaceHooks
  readonly #lowerIrq: (line: number) => void
  #last = 0

  constructor(drive: IdeInterfaceHooks, lowerIrq: (line: number) => void) {
    this.#drive = drive
    this.#lowerIrq = lowerIrq
  }

  /** To be called before the guest's CPU goes on. @returns what answers the write */
  takeBackAnswer(): () => void {
    this.#drive.status_reg = BUSY
    this.#lowerIrq(IRQ)
    this.#last += 1
    const own = this.#last
    return () => {
      // Of writes that a guest has reset the drive in, only the last may be waited for.
      if (own === this.#last) this.answer()
    }
  }

  /** Unless the drive was reset meanwhile, which ends the command. */
  answer(): void {
    if (this.#drive.status_reg !== BUSY) return
    this.#drive.status_reg = READY
    this.#drive.push_irq()
  }
}
