// SPDX-License-Identifier: Apache-2.0
//
// A read-only disk behind the bulk-only transport (USB Mass Storage Class, Bulk-Only Transport 1.0): from a command wrapper to data and status.

const sector = 512

/** What the device sends next: data where the command has any, then the status wrapper. */
export function scsiAnswer(wrapper: Buffer, disk: Buffer): readonly Buffer[] {
  const expected = wrapper.readUInt32LE(8)
  const data = carryOut(wrapper.subarray(15, 31), disk)
  const sent = (data ?? Buffer.alloc(expected)).subarray(0, expected)
  const status = Buffer.alloc(13)
  status.write('USBS', 0, 'latin1')
  wrapper.copy(status, 4, 4, 8)
  status.writeUInt32LE(data === null ? expected : expected - sent.length, 8)
  status.writeUInt8(data === null ? 1 : 0, 12)
  return sent.length === 0 ? [status] : [sent, status]
}

/** Null: it knows no such command. */
function carryOut(command: Buffer, disk: Buffer): Buffer | null {
  const operation = command.readUInt8(0)
  const withoutData = [0x00, 0x1e, 0x35]
  if (withoutData.includes(operation)) return Buffer.alloc(0)
  // INQUIRY, without vital product data
  if (operation === 0x12 && command.readUInt8(1) === 0)
    return Buffer.concat([Buffer.from('008004021f000000', 'hex'), Buffer.from('CASEMATESTICK           1.00', 'latin1')])
  // REQUEST SENSE: illegal request
  if (operation === 0x03) return Buffer.from('700005000000000a00000000200000000000', 'hex')
  if (operation === 0x25) {
    const capacity = Buffer.alloc(8)
    capacity.writeUInt32BE(disk.length / sector - 1, 0)
    capacity.writeUInt32BE(sector, 4)
    return capacity
  }
  // MODE SENSE (6): write protected
  if (operation === 0x1a) return Buffer.from('03008000', 'hex')
  if (operation !== 0x28) return null
  const begin = command.readUInt32BE(2) * sector
  return disk.subarray(begin, begin + command.readUInt16BE(7) * sector)
}
