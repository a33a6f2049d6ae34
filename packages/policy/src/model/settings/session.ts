// SPDX-License-Identifier: Apache-2.0
//
// How a session is shown, and what its user may do with it: PO-16 and PO-17.
import { z } from 'zod'
import { none, setting, stricterOf } from '../setting.ts'

// Closed lists stand from loosest to strictest.
const screenMode = z.enum(['window', 'full-screen', 'kiosk'])
const watermark = z.enum(['none', 'device-and-user'])
const screenshots = z.enum(['allowed', 'refused'])
const exit = z.enum(['user', 'suspend', 'power-off'])

const powerCommands = z.strictObject({
  pause: z.boolean().describe('To let the desktop stand still, and go on'),
  reset: z.boolean().describe('To start the guest anew at once, as by the reset button'),
  powerButton: z.boolean().describe("To press the guest's power button"),
})

export const sessionSettings = {
  'screen-mode': setting({
    row: 'PO-16',
    description: 'How the desktop is shown: in a window, on the full screen, or as the only thing that the user can reach',
    unit: null,
    value: screenMode,
    default: 'window',
    merge: 'strictest',
    meet: stricterOf(screenMode.options),
    checked: ['power-on', 'running'],
    capabilities: (value) => (value === 'window' ? [] : value === 'kiosk' ? ['screen:kiosk'] : ['screen:full-screen']),
    needs: '`screen:full-screen` or `screen:kiosk`, as the value says',
    words: (value) => ({ window: 'in a window', 'full-screen': 'on the full screen', kiosk: 'as a kiosk' })[value],
  }),
  watermark: setting({
    row: 'PO-16',
    description: 'Whether the names of device and user stand over the picture of the guest',
    unit: null,
    value: watermark,
    default: 'none',
    merge: 'strictest',
    meet: stricterOf(watermark.options),
    checked: ['power-on', 'running'],
    capabilities: (value) => (value === 'none' ? [] : ['screen:watermark']),
    needs: '`screen:watermark`, where there is one',
    words: (value) => ({ none: 'none', 'device-and-user': 'device and user' })[value],
  }),
  screenshots: setting({
    row: 'PO-16',
    description: 'Whether the launcher keeps pictures of the desktop; what the host itself takes a picture of is out of its reach',
    unit: null,
    value: screenshots,
    default: 'refused',
    merge: 'strictest',
    meet: stricterOf(screenshots.options),
    checked: ['power-on', 'running'],
    capabilities: (value) => (value === 'refused' ? [] : ['screen:screenshots']),
    needs: '`screen:screenshots`, where they are allowed',
    words: (value) => value,
  }),
  exit: setting({
    row: 'PO-17',
    description: 'What closing a session does to the guest',
    unit: null,
    value: exit,
    default: 'power-off',
    merge: 'nearest',
    meet: stricterOf(exit.options),
    checked: ['power-on', 'running'],
    capabilities: (value) => (value === 'suspend' ? ['suspend'] : []),
    needs: '`suspend`, where closing suspends',
    words: (value) => ({ user: 'the user decides', suspend: 'suspend', 'power-off': 'power off' })[value],
  }),
  'power-commands': setting({
    row: 'PO-17',
    description: 'Which commands the session offers to its user besides closing it',
    unit: null,
    value: powerCommands,
    default: { pause: false, reset: false, powerButton: false },
    merge: 'strictest',
    meet: (one, other) => ({
      pause: one.pause && other.pause,
      reset: one.reset && other.reset,
      powerButton: one.powerButton && other.powerButton,
    }),
    checked: ['power-on', 'running'],
    capabilities: none,
    needs: null,
    words: ({ pause, reset, powerButton }) =>
      [pause ? 'pause' : [], reset ? 'reset' : [], powerButton ? 'power button' : []].flat().join(', ') || 'none',
  }),
}
