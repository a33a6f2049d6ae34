// SPDX-License-Identifier: Apache-2.0
import type { InputEvent } from '../../rfb/frame-source.ts'
import type { Emulator } from './hooks.ts'

const LEFT = 1
const MIDDLE = 2
const RIGHT = 4
const WHEEL_UP = 8
const WHEEL_DOWN = 16
/** A PS/2 packet holds nine bits a direction. */
const LARGEST_STEP = 127

/**
 * Brings a client's keys and pointer to v86. Where the guest's driver took the absolute pointer (VMware's, in Linux' psmouse) the
 * position goes there, with a PS/2 step that makes the driver look; otherwise as PS/2 steps from the last one, and at an edge a screen
 * further, so that drift heals there.
 */
export class GuestInput {
  private readonly emulator: Pick<Emulator, 'bus'>
  private readonly size: () => { width: number; height: number }
  private absolute = false
  private at: { x: number; y: number } | null = null
  private buttons = 0

  constructor(emulator: Pick<Emulator, 'bus' | 'add_listener'>, size: () => { width: number; height: number }) {
    this.emulator = emulator
    this.size = size
    emulator.add_listener('vmware-absolute-mouse', (enabled) => {
      this.absolute = enabled === true
    })
  }

  take(event: InputEvent): void {
    if (event.kind === 'scancodes') for (const byte of event.bytes) this.emulator.bus.send('keyboard-code', byte)
    else if (event.kind === 'pointer') this.pointer(event.x, event.y, event.buttons)
  }

  private pointer(x: number, y: number, buttons: number): void {
    const { width, height } = this.size()
    if (this.absolute) {
      this.emulator.bus.send('mouse-absolute', [x, y, Math.max(1, width - 1), Math.max(1, height - 1)])
      this.emulator.bus.send('mouse-delta', [1, 0])
    } else this.move(x, y, width, height)
    this.at = { x, y }
    const pressed = buttons & ~this.buttons
    if (((buttons ^ this.buttons) & (LEFT | MIDDLE | RIGHT)) !== 0) {
      this.emulator.bus.send('mouse-click', [(buttons & LEFT) !== 0, (buttons & MIDDLE) !== 0, (buttons & RIGHT) !== 0])
    }
    if ((pressed & WHEEL_UP) !== 0) this.emulator.bus.send('mouse-wheel', [1, 0])
    if ((pressed & WHEEL_DOWN) !== 0) this.emulator.bus.send('mouse-wheel', [-1, 0])
    this.buttons = buttons
  }

  private move(x: number, y: number, width: number, height: number): void {
    const from = this.at ?? { x, y }
    let dx = x - from.x
    let dy = y - from.y
    if (dx !== 0 && (x === 0 || x === width - 1)) dx += x === 0 ? -width : width
    if (dy !== 0 && (y === 0 || y === height - 1)) dy += y === 0 ? -height : height
    while (dx !== 0 || dy !== 0) {
      const stepX = clamp(dx)
      const stepY = clamp(dy)
      this.emulator.bus.send('mouse-delta', [stepX, -stepY])
      dx -= stepX
      dy -= stepY
    }
  }
}

function clamp(step: number): number {
  return Math.max(-LARGEST_STEP, Math.min(LARGEST_STEP, step))
}
