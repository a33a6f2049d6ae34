// SPDX-License-Identifier: Apache-2.0
//
// How far a help desk may go beyond the policies for one device: PO-22. What is not allowed here, no help-desk key can grant.
import { z } from 'zod'
import { rescueProblem } from '../../trust/rescue-code.ts'
import { exceptionWords } from '../exception.ts'
import { meetExceptionLists, uniqueExceptions } from '../exception-list.ts'
import { none, setting } from '../setting.ts'

const overrides = z.strictObject({
  extendDays: z.int().min(0).max(36_500).describe('How many days an instance may be used beyond its end at most; 0 is none'),
  extendOfflineMinutes: z
    .int()
    .min(0)
    .max(527_040)
    .describe('By how many minutes each limit of being without contact may move on at most; 0 is none'),
  exceptions: uniqueExceptions.describe('Settings of which a device may be given another value, and the loosest value that it may be given'),
  reset: z.boolean().describe('Whether the password of an instance may be reset'),
  rescue: z
    .array(rescueProblem)
    .max(3)
    .refine((all) => new Set(all).size === all.length, 'expected each problem once')
    .describe('Against which problems a code may be read out'),
})

type Overrides = z.infer<typeof overrides>

export const overrideSettings = {
  overrides: setting({
    row: 'PO-22',
    description: 'How far the help desk may go beyond the policies for one device and a time, by signed overrides and by codes that are read out',
    unit: null,
    value: overrides,
    default: { extendDays: 0, extendOfflineMinutes: 0, exceptions: [], reset: false, rescue: [] },
    merge: 'strictest',
    meet: (one, other) => ({
      extendDays: Math.min(one.extendDays, other.extendDays),
      extendOfflineMinutes: Math.min(one.extendOfflineMinutes, other.extendOfflineMinutes),
      exceptions: meetExceptionLists(one.exceptions, other.exceptions),
      reset: one.reset && other.reset,
      rescue: rescueProblem.options.filter((problem) => one.rescue.includes(problem) && other.rescue.includes(problem)),
    }),
    checked: ['power-on', 'running'],
    capabilities: none,
    needs: null,
    words: overrideWords,
  }),
}

function overrideWords({ extendDays, extendOfflineMinutes, exceptions, reset, rescue }: Overrides): string {
  const allowed = [
    extendDays === 0 ? [] : `up to ${extendDays} days more`,
    extendOfflineMinutes === 0 ? [] : `up to ${extendOfflineMinutes} min more without contact`,
    exceptions.map((one) => `exceptions up to ${exceptionWords(one)}`),
    reset ? 'password resets' : [],
    rescue.length === 0 ? [] : `codes for ${rescue.join(', ')}`,
  ].flat()
  return allowed.length === 0 ? 'none' : allowed.join('; ')
}
