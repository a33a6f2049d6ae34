// SPDX-License-Identifier: Apache-2.0
//
// Scripts of the signed package on the host, and what host and guest tell each other: PO-20.
import { z } from 'zod'
import { setting } from '../setting.ts'

const names = z
  .array(z.string().regex(/^[a-z0-9](?:[a-z0-9.-]{0,62}[a-z0-9])?$/))
  .max(1000)
  .refine((list) => new Set(list).size === list.length, 'expected each name once')

const scripts = z.strictObject({
  powerOn: names.describe('Must all succeed before the guest starts'),
  powerOff: names.describe('Run after it has ended'),
  seconds: z.int().min(1).max(300).describe('How long each of them may take'),
})

const guestInfo = z.strictObject({
  toGuest: names.describe('Keys below `guestinfo.` that the host tells the guest'),
  fromGuest: names.describe('Keys that the guest may tell the host'),
  maxBytes: z.int().min(0).max(4096).describe('The longest value, in bytes'),
})

const union = (one: readonly string[], other: readonly string[]) => [...new Set([...one, ...other])].sort()
const shared = (one: readonly string[], other: readonly string[]) => one.filter((name) => other.includes(name)).sort()

export const guestSettings = {
  scripts: setting({
    row: 'PO-20',
    description: 'Which scripts of the signed package must run on the host, in a sandbox; what they print is cut at 4096 bytes',
    unit: null,
    value: scripts,
    default: { powerOn: [], powerOff: [], seconds: 30 },
    merge: 'strictest',
    meet: (one, other) => ({
      powerOn: union(one.powerOn, other.powerOn),
      powerOff: union(one.powerOff, other.powerOff),
      seconds: Math.min(one.seconds, other.seconds),
    }),
    checked: ['power-on'],
    capabilities: ({ powerOn, powerOff }) => (powerOn.length + powerOff.length > 0 ? ['scripts'] : []),
    needs: '`scripts`, where one must run',
    words: ({ powerOn, powerOff, seconds }) =>
      [powerOn.length > 0 ? `before power-on ${powerOn.join(', ')}` : [], powerOff.length > 0 ? `after power-off ${powerOff.join(', ')}` : []]
        .flat()
        .map((which) => `${which}, ${seconds} s each`)
        .join('; ') || 'none',
  }),
  'guest-info': setting({
    row: 'PO-20',
    description: 'What host and guest may tell each other over the data channel `guestinfo.*`',
    unit: null,
    value: guestInfo,
    default: { toGuest: [], fromGuest: [], maxBytes: 0 },
    merge: 'strictest',
    meet: (one, other) => ({
      toGuest: shared(one.toGuest, other.toGuest),
      fromGuest: shared(one.fromGuest, other.fromGuest),
      maxBytes: Math.min(one.maxBytes, other.maxBytes),
    }),
    checked: ['power-on'],
    capabilities: ({ toGuest, fromGuest }) => (toGuest.length + fromGuest.length > 0 ? ['guest-info'] : []),
    needs: '`guest-info`, where a key is listed',
    words: ({ toGuest, fromGuest, maxBytes }) =>
      [toGuest.length > 0 ? `to the guest ${toGuest.join(', ')}` : [], fromGuest.length > 0 ? `from it ${fromGuest.join(', ')}` : []]
        .flat()
        .map((which) => `${which}, up to ${maxBytes} bytes each`)
        .join('; ') || 'none',
  }),
}
