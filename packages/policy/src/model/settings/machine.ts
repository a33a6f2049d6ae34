// SPDX-License-Identifier: Apache-2.0
//
// What the guest gets of the host's resources: PO-19.
import { z } from 'zod'
import { lowerLimit, none, setting } from '../setting.ts'

export const machineSettings = {
  memory: setting({
    row: 'PO-19',
    description: 'The most memory that the guest gets, whatever its machine asks for',
    unit: 'MiB; null is what the machine asks for',
    value: z.strictObject({ maxMiB: z.int().min(16).max(1_048_576).nullable().describe('In MiB; null is what the machine asks for') }),
    default: { maxMiB: null },
    merge: 'strictest',
    meet: (one, other) => ({ maxMiB: lowerLimit(one.maxMiB, other.maxMiB) }),
    checked: ['power-on'],
    capabilities: none,
    needs: null,
    words: ({ maxMiB }) => (maxMiB === null ? 'what the machine asks for' : `at most ${maxMiB} MiB`),
  }),
}
