// SPDX-License-Identifier: Apache-2.0
//
// What an administrator may let a desktop do for a while, standing at the device: PO-21.
import { z } from 'zod'
import { administratorKeyText } from '../../trust/administrator-key.ts'
import { exceptionWords } from '../exception.ts'
import { meetExceptionLists, uniqueExceptions } from '../exception-list.ts'
import { none, setting } from '../setting.ts'

const mode = z.discriminatedUnion('mode', [
  z.strictObject({ mode: z.literal('off') }),
  z.strictObject({
    mode: z.literal('password'),
    key: administratorKeyText.describe('From `casemate-admin policy admin-key`: a public key, and the seed of the other half under the password'),
    maxMinutes: z.int().min(1).max(480).describe('For how many minutes it holds at most'),
    tries: z.int().min(1).max(100).describe('Wrong passwords in a row after which tries are refused'),
    lockMinutes: z.int().min(1).max(10_080).describe('For how many minutes they are refused then'),
    allows: uniqueExceptions.min(1).describe('Settings that may be given another value, and the loosest value that each may be given'),
  }),
])
type AdministratorMode = z.infer<typeof mode>

export const administratorSettings = {
  'administrator-mode': setting({
    row: 'PO-21',
    description: 'What an administrator may let a desktop do for a while with a password typed at the device',
    unit: null,
    value: mode,
    default: { mode: 'off' },
    merge: 'strictest',
    meet: meetModes,
    checked: ['power-on', 'running'],
    capabilities: none,
    needs: null,
    words: (value) =>
      value.mode === 'off' ? 'none' : `for up to ${value.maxMinutes} min by its own password, ${value.allows.map(exceptionWords).join(', ')}`,
  }),
}

/** Under two keys no password would do; where they name no setting in common nothing is left to allow. */
function meetModes(one: AdministratorMode, other: AdministratorMode): AdministratorMode {
  if (one.mode === 'off' || other.mode === 'off' || one.key !== other.key) return { mode: 'off' }
  const allows = meetExceptionLists(one.allows, other.allows)
  if (allows.length === 0) return { mode: 'off' }
  return {
    mode: 'password',
    key: one.key,
    maxMinutes: Math.min(one.maxMinutes, other.maxMinutes),
    tries: Math.min(one.tries, other.tries),
    lockMinutes: Math.max(one.lockMinutes, other.lockMinutes),
    allows,
  }
}
