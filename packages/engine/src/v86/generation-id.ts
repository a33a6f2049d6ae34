// SPDX-License-Identifier: Apache-2.0
//
// A virtual machine generation ID for v86: two guests restored from one state otherwise draw the same "random" numbers for up to a
// minute (seen with Debian's Linux 6.1: equal UUIDs). The guest's firmware tables get a device as Microsoft's "Virtual Machine
// Generation ID" describes it; Linux (drivers/virt/vmgenid.c) reseeds at once when the ID has changed and the device is notified.
import { EngineError } from '../error.ts'

/** 16 bytes that neither SeaBIOS nor Linux use: the end of the region for adapter ROMs. */
export const GENERATION_ID_ADDRESS = 0xdfff0
export const GENERATION_ID_BYTES = 16
/** General purpose event (ACPI specification, 4.8.4.1) whose handler notifies the device. */
export const GENERATION_ID_EVENT = 5

const HEADER_BYTES = 36
const LENGTH_OFFSET = 4
const CHECKSUM_OFFSET = 9

/**
 * SeaBIOS' DSDT with the device, and with the handler of the event, which is empty in the original, in its place.
 * @throws EngineError `firmware-missing` for a table that is damaged or has no such empty handler.
 */
export function addGenerationId(dsdt: Uint8Array): Uint8Array {
  const table = Buffer.from(dsdt)
  const refuse = (why: string) =>
    new EngineError('firmware-missing', `the firmware's \`acpi-dsdt.aml\` ${why}: install the Debian package \`seabios\``)
  if (table.length < HEADER_BYTES || table.toString('latin1', 0, 4) !== 'DSDT') throw refuse('is no DSDT')
  if (table.readUInt32LE(LENGTH_OFFSET) !== table.length || sumOf(table) !== 0) throw refuse('is damaged')
  const empty = method(`_L0${GENERATION_ID_EVENT}`, [])
  const at = table.indexOf(empty)
  if (at < 0 || table.indexOf(empty, at + 1) >= 0) throw refuse(`has no empty handler of event ${GENERATION_ID_EVENT}`)
  method(`XL0${GENERATION_ID_EVENT}`, []).copy(table, at)
  const extended = Buffer.concat([table, scope('_SB_', generationDevice()), scope('_GPE', handler())])
  extended.writeUInt32LE(extended.length, LENGTH_OFFSET)
  extended[CHECKSUM_OFFSET] = 0
  extended[CHECKSUM_OFFSET] = (256 - sumOf(extended)) & 255
  // Not as a Buffer: v86 names an array by its constructor in a saved state, and knows only those of the language when it restores one.
  return Uint8Array.from(extended)
}

function generationDevice(): Buffer {
  const address = Buffer.alloc(4)
  address.writeUInt32LE(GENERATION_ID_ADDRESS)
  const place = Buffer.concat([Buffer.from([0x12]), withLength(Buffer.concat([Buffer.from([2, 0x0c]), address, Buffer.from([0])]))])
  const body = [named('_HID', text('CSMT0001')), named('_CID', text('VM_Gen_Counter')), named('_DDN', text('VM_Gen_Counter')), named('ADDR', place)]
  return Buffer.concat([Buffer.from([0x5b, 0x82]), withLength(Buffer.concat([Buffer.from('VGEN'), ...body]))])
}

/** Notify (\_SB.VGEN, 0x80) */
function handler(): Buffer {
  return method(`_E0${GENERATION_ID_EVENT}`, [0x86, 0x5c, 0x2e, ...Buffer.from('_SB_VGEN'), 0x0a, 0x80])
}

// AML (ACPI specification, chapter 20): each object is an opcode, a length that counts itself, a name, a body.

function scope(name: string, body: Buffer): Buffer {
  return Buffer.concat([Buffer.from([0x10]), withLength(Buffer.concat([Buffer.from(`\\${name}`), body]))])
}

function method(name: string, body: readonly number[]): Buffer {
  return Buffer.concat([Buffer.from([0x14]), withLength(Buffer.concat([Buffer.from(name), Buffer.from([0, ...body])]))])
}

function named(name: string, value: Buffer): Buffer {
  return Buffer.concat([Buffer.from([0x08]), Buffer.from(name), value])
}

function text(value: string): Buffer {
  return Buffer.concat([Buffer.from([0x0d]), Buffer.from(value), Buffer.from([0])])
}

function withLength(body: Buffer): Buffer {
  const short = body.length + 1
  if (short < 64) return Buffer.concat([Buffer.from([short]), body])
  const long = body.length + 2
  return Buffer.concat([Buffer.from([0x40 | (long & 15), long >> 4]), body])
}

function sumOf(bytes: Uint8Array): number {
  return bytes.reduce((sum, byte) => (sum + byte) & 255, 0)
}
