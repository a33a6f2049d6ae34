// SPDX-License-Identifier: Apache-2.0
//
// What v86 lacks of ACPI: the soft power button, the ways a guest switches itself off, and word of a restore.
import { randomBytes } from 'node:crypto'
import { GENERATION_ID_ADDRESS, GENERATION_ID_BYTES, GENERATION_ID_EVENT } from '../generation-id.ts'
import type { Emulator, V86Hooks } from './hooks.ts'

/** PIIX4 power management, where SeaBIOS' tables say it is (ACPI specification, 4.8.3). */
const PM1_CONTROL_PORT = 0xb004
const SLEEP_ENABLE = 1 << 13
const SLEEP_TYPE_SHIFT = 10
const SOFT_OFF_TYPE = 0
const POWER_BUTTON = 1 << 8
const SCI_LINE = 9
/** General purpose events: two status bytes, cleared by writing ones (ACPI specification, 4.8.4.1). */
const GPE_STATUS_PORTS = [0xafe0, 0xafe1]
/** Index of the first enable byte, behind the two of status. */
const GPE_ENABLE = 2
/** Slots plugged and slots to unplug, of QEMU's PCI hot plug (docs/specs/acpi_pci_hotplug.txt), which SeaBIOS' tables read. */
const HOT_PLUG_PORTS = [0xae00, 0xae04]
/** SeaBIOS' APM interface spells its wish here, byte by byte (seabios:src/apm.c). */
const APM_PORT = 0x8900
const APM_WISH = 'Shutdown'

/**
 * Calls `off` once the guest asks to be switched off, or halts with interrupts off: nothing but a reset wakes that, and it is how Linux
 * ends on a machine without power management.
 */
export function watchPowerOff(emulator: Emulator, { acpi, io }: V86Hooks, off: (message: string) => void): void {
  // A port has one owner for reads and writes: v86's own read handlers stay, so theirs it must be.
  io.register_write(PM1_CONTROL_PORT, acpi, undefined, (value) => {
    acpi.status = value & ~SLEEP_ENABLE
    if ((value & SLEEP_ENABLE) !== 0 && ((value >> SLEEP_TYPE_SHIFT) & 7) === SOFT_OFF_TYPE) off('the guest powered itself off (ACPI)')
  })
  let spelt = ''
  io.register_write(APM_PORT, {}, (value) => {
    spelt = (spelt + String.fromCharCode(value)).slice(-APM_WISH.length)
    if (spelt === APM_WISH) off('the guest powered itself off (APM)')
  })
  emulator.add_listener('cpu-event-halt', () => off('the guest halted for good'))
}

/**
 * v86 stores what is written to the event status where hardware clears it, and answers all ones for hot plug: Linux then takes every PCI
 * device for unplugged and finds no disk.
 */
export function completeAcpi({ acpi, io }: V86Hooks): void {
  const nothing = () => 0
  for (const [index, port] of GPE_STATUS_PORTS.entries()) {
    io.register_write(port, acpi, (value) => {
      acpi.gpe[index] = (acpi.gpe[index] ?? 0) & ~value
    })
  }
  for (const port of HOT_PLUG_PORTS) io.register_read(port, {}, nothing, nothing, nothing)
}

/**
 * Gives a restored guest another generation ID and tells it: Linux then reseeds its random numbers from it at once. A guest that has not
 * enabled the event, or runs without ACPI, learns nothing.
 */
export function renewGeneration({ acpi, raiseIrq, writeMemory }: V86Hooks): void {
  writeMemory(GENERATION_ID_ADDRESS, randomBytes(GENERATION_ID_BYTES))
  const event = 1 << GENERATION_ID_EVENT
  acpi.gpe[0] = (acpi.gpe[0] ?? 0) | event
  if (((acpi.gpe[GPE_ENABLE] ?? 0) & event) !== 0) raiseIrq(SCI_LINE)
}

/** What pressing the button of a running machine does: an event that the guest's ACPI driver may take. */
export function pressPowerButton({ acpi, raiseIrq }: V86Hooks): void {
  acpi.pm1_status |= POWER_BUTTON
  if ((acpi.pm1_enable & POWER_BUTTON) !== 0) raiseIrq(SCI_LINE)
}
