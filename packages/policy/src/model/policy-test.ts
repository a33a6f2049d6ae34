// SPDX-License-Identifier: Apache-2.0
//
// What the author of a policy expects of it, in the document itself: under these circumstances these settings have these values. The rules
// of the document alone are looked at, as if it were the only one; where no rule holds, the default counts.
import { z } from 'zod'
import { assurance } from './condition.ts'
import { directoryName, runtimeVersion, slug } from './names.ts'
import { catalogue, type SettingName, type SettingValues, schemasBySetting } from './settings.ts'

type Expected<N extends SettingName> = z.ZodOptional<z.ZodType<SettingValues[N]>>

const expected = <N extends SettingName>(name: N): Expected<N> => catalogue[name].value.optional()

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
    .strictObject(schemasBySetting<{ readonly [N in SettingName]: Expected<N> }>(expected))
    .refine((values) => Object.values(values).some((value) => value !== undefined), 'expected a setting at least'),
})

export type PolicyTest = z.infer<typeof policyTest>
