// SPDX-License-Identifier: Apache-2.0
import { describe, expect, it } from 'vitest'
import { emulatorConstructorOf, hooksOf } from './hooks.ts'

const nothing = () => undefined
const numbers = (...names: string[]) => Object.fromEntries(names.map((name) => [name, 0]))

/** The shape of a loaded V86 0.5.462 as far as we use it; that the pinned version has it is shown by every boot in test/v86. */
function emulator() {
  const drive = () => ({
    current_command: -1,
    in_progress_io_ids: new Map(),
    status_reg: 0,
    push_irq: nothing,
    do_ata_read_sectors_dma: nothing,
    do_ata_write_sectors_dma: nothing,
    ata_read_sectors: nothing,
  })
  const vga = {
    ...numbers('screen_width', 'screen_height', 'start_address', 'offset_register', 'max_cols', 'max_rows', 'line_compare', 'max_scan_line'),
    ...numbers('clocking_mode', 'attribute_mode', 'character_map_select', 'palette_source', 'cursor_address', 'cursor_scanline_start'),
    ...numbers('cursor_scanline_end', 'dac_mask'),
    graphical_mode: false,
    svga_enabled: false,
    vga_memory: new Uint8Array(1),
    plane2: new Uint8Array(1),
    dac_map: new Uint8Array(16),
    vga256_palette: new Int32Array(256),
    layers: [],
    scan_line_to_screen_row: nothing,
    screen_fill_buffer: nothing,
    complete_redraw: nothing,
  }
  const acpi = { status: 1, pm1_status: 0, pm1_enable: 0, gpe: new Uint8Array(4) }
  const devices: Record<string, object> = { vga, acpi, ide: { primary: { master: drive(), slave: drive() } }, net: { mac: new Uint8Array(6) } }
  const io = { register_read: nothing, register_write: nothing }
  const mem8 = new Uint8Array(2 * 1024 * 1024)
  const zero_memory = (address: number, length: number) => void mem8.fill(0, address, address + length)
  const irq = { device_raise_irq: nothing, device_lower_irq: nothing }
  const cpu = { devices, ...irq, write_blob: nothing, option_roms: [], io, mem8, zero_memory }
  return { v86: { cpu }, screen_adapter: { update_buffer: nothing } }
}

/** Every path below `owner` that ends in something. */
function pathsOf(owner: object, prefix: string[] = []): string[][] {
  return Object.entries(owner).flatMap(([name, value]) => {
    const path = [...prefix, name]
    const inner = value instanceof Object && value.constructor === Object ? pathsOf(value, path) : []
    return inner.length > 0 ? inner : [path]
  })
}

describe('the private parts of v86', () => {
  it('are found where the pinned version has them', () => {
    const hooks = hooksOf(emulator())
    expect(hooks.disks).toHaveLength(2)
    expect(hooks.card?.mac).toHaveLength(6)
  })

  it('zero no memory but that of the firmware while a state is restored, and all that is asked for otherwise', async () => {
    const made = emulator()
    const { cpu } = made.v86
    const zeroAll = () => {
      cpu.mem8.fill(7)
      cpu.zero_memory(0, cpu.mem8.length)
      return [cpu.mem8[0], cpu.mem8[1_048_575], cpu.mem8[1_048_576]]
    }
    await hooksOf(made).intoUntouchedMemory(async () => expect(zeroAll()).toEqual([0, 0, 7]))
    expect(zeroAll()).toEqual([0, 0, 0])
  })

  it('may lack a network card and a disk', () => {
    const without = emulator()
    delete without.v86.cpu.devices.net
    without.v86.cpu.devices.ide = {}
    expect(hooksOf(without)).toMatchObject({ card: null, disks: [] })
  })

  it.each(pathsOf(emulator()).map((path) => path.join('.')))('are refused by name without `%s`', (path) => {
    const broken = emulator()
    const names = path.split('.')
    const last = names.pop() ?? ''
    const owner = names.reduce<object>((at, name) => Reflect.get(at, name), broken)
    Reflect.deleteProperty(owner, last)
    if (path.endsWith('.mac')) Reflect.set(owner, 'other', 1)
    expect(() => hooksOf(broken)).toThrow(expect.objectContaining({ code: 'engine-missing', message: expect.stringContaining(last) }))
  })
})

describe('the module of v86', () => {
  class V86 {
    run() {}
    stop() {}
    restart() {}
    is_running() {}
    save_state() {}
    restore_state() {}
    add_listener() {}
  }

  it('has a class with the methods that we call', () => {
    expect(emulatorConstructorOf({ V86 })).toBe(V86)
  })

  it('is refused without the class or one of them', () => {
    expect(() => emulatorConstructorOf({})).toThrow(expect.objectContaining({ code: 'engine-missing' }))
    class Older extends V86 {}
    Reflect.set(Older.prototype, 'save_state', undefined)
    expect(() => emulatorConstructorOf({ V86: Older })).toThrow(
      expect.objectContaining({ code: 'engine-missing', message: expect.stringContaining('save_state') }),
    )
  })
})
