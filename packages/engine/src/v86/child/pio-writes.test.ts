// SPDX-License-Identifier: Apache-2.0
import { expect, it } from 'vitest'
import { PioWrites } from './pio-writes.ts'

/** A drive that has just answered; `irqs` is what happened to its line. */
function newDrive() {
  const irqs: string[] = []
  const drive = {
    current_command: 0x30,
    in_progress_io_ids: new Map(),
    status_reg: 0x50,
    push_irq: () => void irqs.push('raised'),
    do_ata_read_sectors_dma: () => undefined,
    do_ata_write_sectors_dma: () => undefined,
    ata_read_sectors: () => undefined,
  }
  return { drive, irqs, writes: new PioWrites(drive, (line) => void irqs.push(`lowered ${line}`)) }
}

it('keeps the drive busy until the write is answered', () => {
  const { drive, irqs, writes } = newDrive()
  const answer = writes.takeBackAnswer()
  expect([drive.status_reg, irqs]).toEqual([0x80, ['lowered 14']])
  answer()
  expect([drive.status_reg, irqs]).toEqual([0x50, ['lowered 14', 'raised']])
})

it('does not answer for a drive that was reset meanwhile', () => {
  const { drive, irqs, writes } = newDrive()
  const answer = writes.takeBackAnswer()
  drive.status_reg = 0x51
  answer()
  expect([drive.status_reg, irqs]).toEqual([0x51, ['lowered 14']])
})

it('answers a write after a reset only for itself', () => {
  const { drive, writes } = newDrive()
  const first = writes.takeBackAnswer()
  drive.status_reg = 0x51
  const second = writes.takeBackAnswer()
  first()
  expect(drive.status_reg).toBe(0x80)
  second()
  expect(drive.status_reg).toBe(0x50)
})
