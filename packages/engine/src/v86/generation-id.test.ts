// SPDX-License-Identifier: Apache-2.0
import { readFile } from 'node:fs/promises'
import { describe, expect, it } from 'vitest'
import { addGenerationId } from './generation-id.ts'

const DSDT = '/usr/share/seabios/acpi-dsdt.aml'
const refusal = expect.objectContaining({ code: 'firmware-missing', message: expect.stringContaining('`seabios`') })

describe('the generation ID in the firmware tables', () => {
  it('adds a device and its event, and leaves everything else of the DSDT where it was', async () => {
    const original = await readFile(DSDT)
    const given = addGenerationId(original)
    // What v86 writes into a saved state while the firmware reads it, and takes back as an array of the language only.
    expect(given.constructor.name).toBe('Uint8Array')
    const extended = Buffer.from(given)
    expect(extended.readUInt32LE(4)).toBe(extended.length)
    expect(extended.reduce((sum, byte) => (sum + byte) & 255, 0)).toBe(0)
    const changed = [...original.keys()].filter((at) => extended[at] !== original[at])
    const handler = original.indexOf('_L05')
    expect(changed.filter((at) => at >= 36)).toEqual([handler])
    expect(extended.toString('latin1', handler, handler + 4)).toBe('XL05')
    const added = [
      '1046055c5f53425f', // Scope (\_SB), 86 bytes
      '5b824d045647454e', // Device (VGEN), 77 bytes
      '085f4849440d43534d543030303100', // Name (_HID, "CSMT0001")
      '085f4349440d564d5f47656e5f436f756e74657200', // Name (_CID, "VM_Gen_Counter")
      '085f44444e0d564d5f47656e5f436f756e74657200', // Name (_DDN, "VM_Gen_Counter")
      '08414444521208020cf0ff0d0000', // Name (ADDR, Package (2) { 0xdfff0, 0 })
      '101a5c5f475045', // Scope (\_GPE), 26 bytes
      '14135f45303500', // Method (_E05, 0), 19 bytes
      '865c2e5f53425f5647454e0a80', // Notify (\_SB.VGEN, 0x80)
    ]
    expect(extended.toString('hex', original.length)).toBe(added.join(''))
  })

  it.each<[string, (table: Buffer) => Buffer]>([
    ['another table', (table) => Buffer.from(table.toString('latin1').replace('DSDT', 'SSDT'), 'latin1')],
    ['a byte changed', (table) => Buffer.concat([table.subarray(0, 100), Buffer.from([(table[100] ?? 0) ^ 1]), table.subarray(101)])],
    ['a part missing', (table) => table.subarray(0, table.length - 1)],
    ['the event in use', (table) => Buffer.from(addGenerationId(table))],
    ['nothing at all', () => Buffer.alloc(0)],
  ])('is refused for %s, and taken for the original', async (_name, change) => {
    const original = await readFile(DSDT)
    expect(() => addGenerationId(change(original))).toThrow(refusal)
    expect(addGenerationId(original).length).toBeGreaterThan(original.length)
  })
})
