// SPDX-License-Identifier: Apache-2.0
//
// The only file that knows v86's private names. Each is looked for when the VM is made, so that another version of v86 fails here with
// the missing name and not later with a wrong picture; a contract test holds the same list against the pinned version.
import { EngineError } from '../../error.ts'

export interface ImageLayer {
  readonly image_data: { readonly data: Uint8ClampedArray; readonly width: number; readonly height: number }
  readonly screen_x: number
  readonly screen_y: number
  readonly buffer_x: number
  readonly buffer_y: number
  readonly buffer_width: number
  readonly buffer_height: number
}

export interface VgaHooks {
  readonly graphical_mode: boolean
  readonly svga_enabled: boolean
  readonly screen_width: number
  readonly screen_height: number
  readonly vga_memory: Uint8Array
  readonly plane2: Uint8Array
  readonly start_address: number
  readonly offset_register: number
  readonly max_cols: number
  readonly max_rows: number
  readonly line_compare: number
  readonly max_scan_line: number
  readonly clocking_mode: number
  readonly attribute_mode: number
  readonly character_map_select: number
  readonly palette_source: number
  readonly cursor_address: number
  readonly cursor_scanline_start: number
  readonly cursor_scanline_end: number
  readonly dac_mask: number
  readonly dac_map: Uint8Array
  readonly vga256_palette: Int32Array
  readonly layers: readonly ImageLayer[]
  scan_line_to_screen_row(line: number): number
  screen_fill_buffer(): void
  complete_redraw(): void
}

export interface IdeInterfaceHooks {
  readonly current_command: number
  readonly in_progress_io_ids: ReadonlyMap<number, unknown>
  status_reg: number
  push_irq(): void
  do_ata_read_sectors_dma(): void
  do_ata_write_sectors_dma(): void
  ata_read_sectors(command: number): void
}

export interface AcpiHooks {
  status: number
  pm1_status: number
  readonly pm1_enable: number
  readonly gpe: Uint8Array
}

type PortRead = () => number

export interface IoHooks {
  register_read(port: number, owner: object, read8: PortRead, read16: PortRead, read32: PortRead): void
  register_write(port: number, owner: object, write8: ((value: number) => void) | undefined, write16?: (value: number) => void): void
}

export interface MacHolder {
  readonly mac: Uint8Array
  /** The card's PROM, where it has one. */
  readonly memory?: Uint8Array
}

export interface ScreenAdapterHooks {
  update_buffer: (layers: readonly ImageLayer[]) => void
}

/** A file that firmware reads from QEMU's firmware configuration device. */
export interface FirmwareFile {
  readonly name: string
  /** Not a Buffer: a state that is saved while the firmware reads it holds it, and v86 restores no array of another name. */
  readonly data: Uint8Array
}

export interface V86Hooks {
  readonly vga: VgaHooks
  readonly disks: readonly IdeInterfaceHooks[]
  readonly acpi: AcpiHooks
  readonly io: IoHooks
  readonly screen: ScreenAdapterHooks
  readonly card: MacHolder | null
  readonly firmwareFiles: FirmwareFile[]
  raiseIrq(line: number): void
  lowerIrq(line: number): void
  /** Into the guest's physical memory. */
  writeMemory(address: number, bytes: Uint8Array): void
  /**
   * Runs `restore`, which has v86 zero all memory byte by byte first; done here for where the firmware lies only. So it is for a machine
   * that has not run: the rest of its memory has never been touched.
   */
  intoUntouchedMemory(restore: () => Promise<void>): Promise<void>
}

/** What the public interface of a `V86` gives us. */
export interface Emulator {
  run(): Promise<void>
  stop(): Promise<void>
  restart(): void
  is_running(): boolean
  save_state(): Promise<ArrayBuffer>
  restore_state(state: ArrayBuffer): Promise<void>
  add_listener(event: string, listener: (value: unknown) => void): void
  readonly bus: { send(event: string, value?: unknown): void }
}

export type EmulatorConstructor = new (options: Readonly<Record<string, unknown>>) => Emulator

/** Of the firmware that v86 puts into memory before it runs. */
const FIRMWARE_END = 1024 * 1024

const EMULATOR_METHODS = ['run', 'stop', 'restart', 'is_running', 'save_state', 'restore_state', 'add_listener']
const VGA_NUMBERS = [
  ...['screen_width', 'screen_height', 'start_address', 'offset_register', 'max_cols', 'max_rows', 'line_compare', 'max_scan_line', 'clocking_mode'],
  ...['attribute_mode', 'character_map_select', 'palette_source', 'cursor_address', 'cursor_scanline_start', 'cursor_scanline_end', 'dac_mask'],
]

/** @throws EngineError `engine-missing` for a module that has no `V86` class with the methods we call. */
export function emulatorConstructorOf(module: unknown): EmulatorConstructor {
  const found = member(module, 'V86')
  if (typeof found !== 'function') throw missing('V86')
  for (const name of EMULATOR_METHODS) requireKind(member(found, 'prototype'), name, 'function')
  // Proven above by name; nothing in JavaScript can prove the signatures. The contract test calls each.
  return found as unknown as EmulatorConstructor
}

/**
 * The private parts of a loaded emulator.
 * @throws EngineError `engine-missing` that names the first part not found.
 */
export function hooksOf(emulator: unknown): V86Hooks {
  const cpu = path(emulator, 'v86', 'cpu')
  const devices = member(cpu, 'devices')
  const raise = requireKind(cpu, 'device_raise_irq', 'function')
  const lower = requireKind(cpu, 'device_lower_irq', 'function')
  const write = requireKind(cpu, 'write_blob', 'function')
  const zero = requireKind(cpu, 'zero_memory', 'function')
  // A proxy of a Uint8Array that follows the memory where it goes.
  const memory = requireShape<Pick<Uint8Array, 'fill'>>(path(cpu, 'mem8'), { fill: 'function' })
  const firmwareFiles = member(cpu, 'option_roms')
  if (!Array.isArray(firmwareFiles)) throw missing('option_roms')
  const primary = member(member(devices, 'ide'), 'primary')
  return {
    vga: requireVga(member(devices, 'vga')),
    disks: primary === undefined ? [] : [requireInterface(member(primary, 'master')), requireInterface(member(primary, 'slave'))],
    acpi: requireAcpi(member(devices, 'acpi')),
    io: requireShape<IoHooks>(member(cpu, 'io'), { register_read: 'function', register_write: 'function' }),
    screen: requireShape<ScreenAdapterHooks>(member(emulator, 'screen_adapter'), { update_buffer: 'function' }),
    card: requireCard(devices),
    firmwareFiles,
    raiseIrq: (line) => {
      Reflect.apply(raise, cpu, [line])
    },
    lowerIrq: (line) => {
      Reflect.apply(lower, cpu, [line])
    },
    writeMemory: (address, bytes) => {
      Reflect.apply(write, cpu, [bytes, address])
    },
    intoUntouchedMemory: async (restore) => {
      setMember(cpu, 'zero_memory', () => void memory.fill(0, 0, FIRMWARE_END))
      try {
        await restore()
      } finally {
        setMember(cpu, 'zero_memory', zero)
      }
    },
  }
}

function requireVga(vga: unknown): VgaHooks {
  for (const name of VGA_NUMBERS) requireKind(vga, name, 'number')
  for (const name of ['graphical_mode', 'svga_enabled']) requireKind(vga, name, 'boolean')
  for (const name of ['vga_memory', 'plane2', 'dac_map']) if (!(member(vga, name) instanceof Uint8Array)) throw missing(`vga.${name}`)
  if (!(member(vga, 'vga256_palette') instanceof Int32Array)) throw missing('vga.vga256_palette')
  if (!Array.isArray(member(vga, 'layers'))) throw missing('vga.layers')
  return requireShape<VgaHooks>(vga, { scan_line_to_screen_row: 'function', screen_fill_buffer: 'function', complete_redraw: 'function' })
}

function requireInterface(found: unknown): IdeInterfaceHooks {
  if (!(member(found, 'in_progress_io_ids') instanceof Map)) throw missing('in_progress_io_ids')
  return requireShape<IdeInterfaceHooks>(found, {
    current_command: 'number',
    status_reg: 'number',
    push_irq: 'function',
    do_ata_read_sectors_dma: 'function',
    do_ata_write_sectors_dma: 'function',
    ata_read_sectors: 'function',
  })
}

function requireAcpi(found: unknown): AcpiHooks {
  if (!(member(found, 'gpe') instanceof Uint8Array)) throw missing('acpi.gpe')
  return requireShape<AcpiHooks>(found, { status: 'number', pm1_status: 'number', pm1_enable: 'number' })
}

function requireCard(devices: unknown): MacHolder | null {
  const card = member(devices, 'net') ?? member(devices, 'virtio_net')
  if (card === undefined || card === null) return null
  if (!(member(card, 'mac') instanceof Uint8Array)) throw missing('mac')
  return requireShape<MacHolder>(card, {})
}

function setMember(owner: unknown, name: string, value: unknown): void {
  if (typeof owner === 'object' && owner !== null) Reflect.set(owner, name, value)
}

type Kind = 'function' | 'number' | 'boolean'
type AnyFunction = (...values: unknown[]) => unknown

function requireShape<T extends object>(found: unknown, kinds: Readonly<Record<string, Kind>>): T {
  for (const [name, kind] of Object.entries(kinds)) requireKind(found, name, kind)
  if (typeof found !== 'object' || found === null) throw missing('an object')
  // Each member that T names was looked at by name and kind before.
  return found as T
}

function requireKind(owner: unknown, name: string, kind: Kind): AnyFunction {
  const found = member(owner, name)
  if (typeof found !== kind) throw missing(name)
  return found as AnyFunction
}

function path(owner: unknown, ...names: string[]): unknown {
  return names.reduce<unknown>((at, name) => {
    const found = member(at, name)
    if (found === undefined) throw missing(name)
    return found
  }, owner)
}

function member(owner: unknown, name: string): unknown {
  return (typeof owner === 'object' && owner !== null) || typeof owner === 'function' ? Reflect.get(owner, name) : undefined
}

function missing(name: string): EngineError {
  return new EngineError('engine-missing', `this v86 has no \`${name}\` where the pinned version has it`)
}
