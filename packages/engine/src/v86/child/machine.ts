// SPDX-License-Identifier: Apache-2.0
//
// One v86 VM with its disks, screen, input, network and power switch, held until started.
import { readFile } from 'node:fs/promises'
import type { EngineError } from '../../error.ts'
import { startRfbServer } from '../../rfb/server.ts'
import type { DiskCounters } from '../../stats/vm-stats.ts'
import type { ChildConfig, ChildOrder } from '../child-config.ts'
import { addGenerationId } from '../generation-id.ts'
import type { GuestClock } from './browser-globals.ts'
import type { Control } from './control.ts'
import { HeldCpu } from './cpu.ts'
import { type DiskKeeper, NbdDisk } from './disk.ts'
import { DiskPace } from './disk-pace.ts'
import { type Emulator, hooksOf, type IdeInterfaceHooks, type V86Hooks } from './hooks.ts'
import { GuestInput } from './input.ts'
import type { LoadedV86 } from './load-v86.ts'
import { carryFrames, connectSwitch, setMac } from './network.ts'
import { PioWrites } from './pio-writes.ts'
import { completeAcpi, pressPowerButton, renewGeneration, watchPowerOff } from './power.ts'
import { receiveState, type StateNotes, sendState } from './saved-state.ts'
import { V86Screen } from './screen.ts'

const VGA_MEMORY = 16 * 1024 * 1024
/** What a state holds besides memory. */
const STATE_SLACK = 64 * 1024 * 1024
/** ATA commands (ATA/ATAPI-7) that a restored guest still waits for. */
const READ_DMA = [0xc8, 0x25]
const WRITE_DMA = [0xca, 0x35]

export class Machine implements DiskKeeper {
  private readonly control: Control
  private readonly clock: GuestClock
  private disks: readonly NbdDisk[] = []
  private readonly pace = new DiskPace()
  /** Never written to, so a saved state has nothing of it to carry. */
  private medium: NbdDisk | null = null
  private parts: { emulator: Emulator; hooks: V86Hooks; cpu: HeldCpu } | null = null
  private retries: (() => void)[] = []
  private off = false
  private stateSocket = ''

  constructor(control: Control, clock: GuestClock) {
    this.control = control
    this.clock = clock
  }

  /** Resolves with everything connected and the display served; the CPU has not run. */
  async open(config: ChildConfig, loading: Promise<LoadedV86>): Promise<void> {
    this.stateSocket = config.stateSocket
    const saved = config.restore ? receiveState(config.stateSocket, config.memoryBytes + VGA_MEMORY + STATE_SLACK) : null
    // Awaited once the disks are connected; until then a failure is no unhandled one.
    saved?.catch(() => undefined)
    this.disks = await Promise.all(config.disks.map((disk) => NbdDisk.connect(disk, this, this.pace)))
    this.medium = config.medium === null ? null : await NbdDisk.connect(config.medium, this, new DiskPace(), 'read-only')
    const wire = config.network === null ? null : await connectSwitch(config.network.socket)
    // All of it first: making the machine keeps this thread, unpacking does not.
    const state = await saved
    const emulator = await this.make(config, await loading)
    const hooks = hooksOf(emulator)
    const cpu = new HeldCpu(emulator, this.clock)
    this.parts = { emulator, hooks, cpu }
    const pioWrites = hooks.disks.map((drive) => new PioWrites(drive, hooks.lowerIrq))
    for (const [index, disk] of this.disks.entries()) {
      disk.takeBackAnswer = () =>
        WRITE_DMA.includes(hooks.disks[index]?.current_command ?? -1) ? null : (pioWrites[index]?.takeBackAnswer() ?? null)
    }
    if (config.network !== null && hooks.card !== null) setMac(hooks.card, config.network.mac)
    const screen = new V86Screen(hooks.vga, hooks.screen)
    const input = new GuestInput(emulator, () => screen.size)
    if (config.serial) emulator.add_listener('serial0-output-byte', (byte) => this.control.sendSerial(Number(byte) & 0xff))
    // SeaBIOS takes a DSDT under this prefix in place of its own (seabios:src/fw/acpi.c).
    hooks.firmwareFiles.push({ name: 'acpi/dsdt.aml', data: addGenerationId(await readFile(config.dsdt)) })
    completeAcpi(hooks)
    watchPowerOff(emulator, hooks, (message) => this.switchOff(message))
    if (state !== null) await this.restore(emulator, hooks, pioWrites, state.notes, await state.unpacked)
    if (wire !== null) void carryFrames(emulator, wire)
    await startRfbServer({ socket: config.displaySocket, name: config.name, source: screen, onInput: (event) => input.take(event) })
  }

  counters(): readonly DiskCounters[] {
    return this.disks.map((disk) => disk.counters)
  }

  async act(order: Exclude<ChildOrder, { action: 'count-disks' }>): Promise<void> {
    if (this.parts === null) throw new Error('the machine is not open')
    const { emulator, hooks, cpu } = this.parts
    switch (order.action) {
      case 'start':
        return await cpu.release('user')
      case 'resume':
        this.retry()
        return await cpu.release('user')
      case 'pause':
        return await cpu.hold('user')
      case 'reset':
        emulator.restart()
        return
      case 'power-button':
        pressPowerButton(hooks)
        return
      case 'limit-disks':
        this.pace.setRate(order.kibPerSecond)
        return
      case 'save':
        return await this.save()
      case 'abandon-save':
        return await cpu.release('save')
      case 'quit':
        await cpu.hold('quit')
        await this.quiet()
        return
    }
  }

  starved(disk: string, reason: EngineError): Promise<void> {
    const hold = `starved ${disk}`
    void this.parts?.cpu.hold(hold)
    this.control.send({ type: 'starved', disk, message: reason.message })
    return new Promise((resolve) => {
      this.retries.push(resolve)
    })
  }

  fed(disk: string): void {
    void this.parts?.cpu.release(`starved ${disk}`)
  }

  crowded(disk: string, full: boolean): void {
    void (full ? this.parts?.cpu.hold(`crowded ${disk}`) : this.parts?.cpu.release(`crowded ${disk}`))
  }

  private retry(): void {
    const retries = this.retries
    this.retries = []
    for (const resolve of retries) resolve()
  }

  private async make(config: ChildConfig, { V86, instantiate }: LoadedV86): Promise<Emulator> {
    const [bios, vgaBios] = await Promise.all([readBuffer(config.bios), readBuffer(config.vgaBios)])
    const [hda, hdb] = this.disks
    const emulator = new V86({
      wasm_fn: instantiate,
      bios: { buffer: bios },
      vga_bios: { buffer: vgaBios },
      ...(hda === undefined ? {} : { hda }),
      ...(hdb === undefined ? {} : { hdb }),
      ...(this.medium === null ? {} : { cdrom: this.medium }),
      memory_size: config.memoryBytes,
      vga_memory_size: VGA_MEMORY,
      acpi: true,
      autostart: false,
      disable_keyboard: true,
      disable_mouse: true,
      disable_speaker: true,
      net_device: { type: config.network?.card ?? 'none' },
      preserve_mac_from_state_image: true,
    })
    await new Promise<void>((resolve) => emulator.add_listener('emulator-loaded', () => resolve()))
    return emulator
  }

  private async save(): Promise<void> {
    if (this.parts === null) throw new Error('the machine is not open')
    const { emulator, cpu } = this.parts
    await cpu.hold('save')
    await this.quiet()
    const notes = { clock: this.clock.now(), disks: this.disks.map((disk) => disk.unfinished()) }
    await sendState(this.stateSocket, await emulator.save_state(), notes)
  }

  private async restore(emulator: Emulator, hooks: V86Hooks, pioWrites: readonly PioWrites[], notes: StateNotes, state: ArrayBuffer): Promise<void> {
    this.clock.set(notes.clock)
    await hooks.intoUntouchedMemory(() => emulator.restore_state(state))
    for (const [index, open] of notes.disks.entries()) {
      this.disks[index]?.rewrite(open.writes, () => pioWrites[index]?.answer())
      const drive = hooks.disks[index]
      if (open.command && drive !== undefined) repeatCommand(drive)
    }
    renewGeneration(hooks)
  }

  private async quiet(): Promise<void> {
    await Promise.all([...this.disks, ...(this.medium === null ? [] : [this.medium])].map((disk) => disk.quiet()))
  }

  private switchOff(message: string): void {
    if (this.off) return
    this.off = true
    void this.parts?.cpu.hold('off')
    this.quiet().then(() => this.control.send({ type: 'off', message }))
  }
}

/** A drive that was saved in the middle of a command does it again; its registers still hold the request. */
function repeatCommand(drive: IdeInterfaceHooks): void {
  const command = drive.current_command
  if (READ_DMA.includes(command)) drive.do_ata_read_sectors_dma()
  else if (WRITE_DMA.includes(command)) drive.do_ata_write_sectors_dma()
  else drive.ata_read_sectors(command)
}

async function readBuffer(path: string): Promise<ArrayBuffer> {
  const bytes = await readFile(path)
  const buffer = new ArrayBuffer(bytes.length)
  new Uint8Array(buffer).set(bytes)
  return buffer
}
