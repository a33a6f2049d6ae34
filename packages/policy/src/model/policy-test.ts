// SPDX-License-Identifier: Apache-2.0
//
// What the author of a policy expects of it, in the document itself: under these circumstances these settings have these values. The rules
// of the document alone are looked at, as if it were the only one; where no rule holds, the default counts.
import { z } from 'zod'
import { assurance } from './condition.ts'
import { directoryName, runtimeVersion, slug } from './names.ts'
import { catalogue, type SettingName } from './settings.ts'

const expected = <N extends SettingName>(name: N) => catalogue[name].value.optional()

export const policyTest = z.strictObject({
  name: z.string().min(1).max(200).describe('What is expected, in a sentence'),
  given: z
    .strictObject({
      groups: z.array(directoryName).max(100).default([]),
      tags: z.array(slug).max(100).default([]),
      assurance: assurance.default('software'),
      runtimeVersion: runtimeVersion.optional().describe('Without it, the one that the document needs at least'),
      network: slug.optional().describe('The zone in which the host is known to be; without it, nothing is known'),
      time: z.iso.datetime({ precision: 0 }).optional().describe('In UTC; to be given where a rule depends on it'),
    })
    .prefault({}),
  expect: z
    .strictObject({
      activation: expected('activation'),
      'activation-instances': expected('activation-instances'),
      authentication: expected('authentication'),
      expiry: expected('expiry'),
      offline: expected('offline'),
      'check-in': expected('check-in'),
      network: expected('network'),
      'serial-port': expected('serial-port'),
      'clipboard-to-guest': expected('clipboard-to-guest'),
      'clipboard-from-guest': expected('clipboard-from-guest'),
      exit: expected('exit'),
      memory: expected('memory'),
    })
    .refine((values) => Object.values(values).some((value) => value !== undefined), 'expected a setting at least'),
})

export type PolicyTest = z.infer<typeof policyTest>
