// SPDX-License-Identifier: Apache-2.0
//
// What becomes of the guest's disks, and what the guest gets of the host's resources: PO-18 and PO-19.
import { z } from 'zod'
import { lowerLimit, type Setting, type SettingCapability, setting, stricterOf } from '../setting.ts'

const snapshots = z.strictObject({
  take: z.boolean().describe('To keep the state of the disks under a name'),
  revert: z.boolean().describe('To bring a state back that was kept; keys, counters, passwords and the trusted time are in none'),
})

// From loosest to strictest.
const diskChanges = z.enum(['kept', 'discarded'])

export const machineSettings = {
  snapshots: setting({
    row: 'PO-18',
    description: "What the user may do with snapshots of the guest's disks",
    unit: null,
    value: snapshots,
    default: { take: false, revert: false },
    merge: 'strictest',
    meet: (one, other) => ({ take: one.take && other.take, revert: one.revert && other.revert }),
    checked: ['power-on', 'running'],
    capabilities: ({ take, revert }) => (take || revert ? ['snapshots'] : []),
    needs: '`snapshots`, where one of them is allowed',
    words: ({ take, revert }) => [take ? 'take' : [], revert ? 'revert' : []].flat().join(' and ') || 'none',
  }),
  'disk-changes': setting({
    row: 'PO-18',
    description: 'Whether what the guest wrote to its system disks is kept when it is powered off',
    unit: null,
    value: diskChanges,
    default: 'kept',
    merge: 'strictest',
    meet: stricterOf(diskChanges.options),
    checked: ['power-on'],
    capabilities: (value) => (value === 'kept' ? [] : ['disk:discard-changes']),
    needs: '`disk:discard-changes`, where they are discarded',
    words: (value) => ({ kept: 'kept', discarded: 'discarded at every power-off' })[value],
  }),
  memory: setting({
    row: 'PO-19',
    description: 'The most memory that the guest gets, whatever its machine asks for',
    unit: 'MiB; null is what the machine asks for',
    value: z.strictObject({ maxMiB: z.int().min(16).max(1_048_576).nullable().describe('In MiB; null is what the machine asks for') }),
    default: { maxMiB: null },
    merge: 'strictest',
    meet: (one, other) => ({ maxMiB: lowerLimit(one.maxMiB, other.maxMiB) }),
    checked: ['power-on'],
    capabilities: () => [],
    needs: null,
    words: ({ maxMiB }) => (maxMiB === null ? 'what the machine asks for' : `at most ${maxMiB} MiB`),
  }),
  processor: limitSetting('The most computing time that the guest gets', 'percent of one processor', [1, 25_600], 'limit:processor'),
  'disk-growth': limitSetting("The most that the guest's disks may grow on the host, all together", 'MiB', [1, 67_108_864], 'limit:disk-growth'),
  'disk-rate': limitSetting('The most that the guest may read and write, in sum, on all its disks', 'KiB/s', [64, 67_108_864], 'limit:disk-rate'),
  'network-rate': limitSetting('The most that the guest may send, and as much may it receive', 'kbit/s', [8, 100_000_000], 'limit:network-rate'),
}

function limitSetting(
  description: string,
  unit: string,
  [least, most]: readonly [number, number],
  capability: SettingCapability,
): Setting<{ most: number | null }> {
  return setting({
    row: 'PO-19',
    description,
    unit: `${unit}; null is no limit`,
    value: z.strictObject({ most: z.int().min(least).max(most).nullable().describe(`In ${unit}; null is no limit`) }),
    default: { most: null },
    merge: 'strictest',
    meet: (one, other) => ({ most: lowerLimit(one.most, other.most) }),
    checked: ['power-on', 'running'],
    capabilities: (value) => (value.most === null ? [] : [capability]),
    needs: `\`${capability}\`, where there is a limit`,
    words: (value) => (value.most === null ? 'no limit' : `at most ${value.most} ${unit}`),
  })
}
