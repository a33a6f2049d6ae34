// SPDX-License-Identifier: Apache-2.0
//
// How long an instance may be used, what its user is told about that, and what happens without contact to the console: PO-4 and PO-5.
import { z } from 'zod'
import { lowerLimit, none, setting } from '../setting.ts'

const limit = (most: number) => z.int().min(0).max(most).nullable()
const minutesPerYear = 527_040

const expiry = z.strictObject({
  afterDays: z.int().min(1).max(36_500).nullable().describe('Days of 24 hours from the activation on; null is no such end'),
  lastDay: z.iso.date().nullable().describe('The last day, in UTC, to its end; null is no such end'),
  warnDays: z.int().min(0).max(365).describe('How many days before the end the user is warned; 0 is not at all'),
})

/** 1 to 200 characters, no control characters. */
const ownText = z
  .string()
  .regex(/^[^\p{Cc}\p{Cs}]{1,200}$/u)
  .nullable()

const expiryTexts = z.strictObject({
  warning: ownText.describe('Shown from the warning on; null is nothing of your own'),
  ended: ownText.describe('Shown with the refusal from the end on; null is nothing of your own'),
})

const offline = z
  .strictObject({
    warnMinutes: limit(minutesPerYear).describe('When the user is warned'),
    restrictMinutes: limit(minutesPerYear).describe('When the guest loses its network; not before the warning'),
    suspendMinutes: limit(minutesPerYear).describe('When the guest is suspended; not before the network is taken'),
    maxRuntimeMinutes: limit(minutesPerYear).describe('How long desktops may run without contact, added up'),
    maxBoots: limit(100_000).describe('How often desktops may be started without contact'),
  })
  .refine(
    ({ warnMinutes, restrictMinutes, suspendMinutes }) => inOrder(warnMinutes, restrictMinutes) && inOrder(restrictMinutes, suspendMinutes),
    'expected to warn before restricting, and to restrict before suspending',
  )

export const timeSettings = {
  expiry: setting({
    row: 'PO-4',
    description: 'Until when an instance may be used: days of 24 h after its activation, or through a day (UTC)',
    unit: 'days',
    value: expiry,
    default: { afterDays: null, lastDay: null, warnDays: 0 },
    merge: 'strictest',
    meet: (one, other) => ({
      afterDays: lowerLimit(one.afterDays, other.afterDays),
      lastDay: one.lastDay === null || (other.lastDay !== null && other.lastDay < one.lastDay) ? other.lastDay : one.lastDay,
      warnDays: Math.max(one.warnDays, other.warnDays),
    }),
    checked: ['power-on', 'running'],
    capabilities: none,
    needs: null,
    words: ({ afterDays, lastDay }) =>
      [afterDays === null ? [] : [`${afterDays} days after activation`], lastDay === null ? [] : [`through ${lastDay}`]].flat().join(' and ') ||
      'never',
  }),
  'expiry-texts': setting({
    row: 'PO-4',
    description: 'Your own words for the warning before the end and for the end, beside those of the runtime',
    unit: null,
    value: expiryTexts,
    default: { warning: null, ended: null },
    // The nearest layer's words; of several in one layer, those that stand first in the order of UTF-16 code units.
    merge: 'nearest',
    meet: (one, other) => ({ warning: firstText(one.warning, other.warning), ended: firstText(one.ended, other.ended) }),
    checked: ['power-on', 'running'],
    capabilities: none,
    needs: null,
    words: ({ warning, ended }) =>
      [warning === null ? [] : `warning “${warning}”`, ended === null ? [] : `at the end “${ended}”`].flat().join(', ') || 'none of your own',
  }),
  offline: setting({
    row: 'PO-5',
    description: 'What happens without contact to the console: a warning, then no network, then suspended; counted from the last verified contact',
    unit: 'minutes; null is no limit',
    value: offline,
    default: { warnMinutes: 15, restrictMinutes: 30, suspendMinutes: 60, maxRuntimeMinutes: null, maxBoots: null },
    merge: 'strictest',
    meet: (one, other) => ({
      warnMinutes: lowerLimit(one.warnMinutes, other.warnMinutes),
      restrictMinutes: lowerLimit(one.restrictMinutes, other.restrictMinutes),
      suspendMinutes: lowerLimit(one.suspendMinutes, other.suspendMinutes),
      maxRuntimeMinutes: lowerLimit(one.maxRuntimeMinutes, other.maxRuntimeMinutes),
      maxBoots: lowerLimit(one.maxBoots, other.maxBoots),
    }),
    checked: ['power-on', 'running'],
    capabilities: none,
    needs: null,
    words: ({ warnMinutes, restrictMinutes, suspendMinutes }) =>
      `warned after ${minutes(warnMinutes)}, no network after ${minutes(restrictMinutes)}, suspended after ${minutes(suspendMinutes)}`,
  }),
  'check-in': setting({
    row: 'PO-5',
    description: 'How long a device waits for the console to wake it before it asks by itself',
    unit: 'seconds',
    value: z.int().min(10).max(86_400),
    default: 300,
    merge: 'strictest',
    meet: Math.min,
    checked: ['running'],
    capabilities: none,
    needs: null,
    words: (value) => `every ${value} s`,
  }),
}

function firstText(one: string | null, other: string | null): string | null {
  if (one === null || other === null) return one ?? other
  return one < other ? one : other
}

function inOrder(earlier: number | null, later: number | null): boolean {
  return later === null || (earlier !== null && earlier <= later)
}

function minutes(value: number | null): string {
  return value === null ? 'no limit' : `${value} min`
}
