// SPDX-License-Identifier: Apache-2.0
//
// The `when` of a rule: every member that is given must hold. A list holds if it names one of what applies.
import { z } from 'zod'
import { directoryName, runtimeVersion, slug } from './names.ts'

const dayTime = (words: string) =>
  z
    .string()
    .regex(/^([01][0-9]|2[0-3]):[0-5][0-9]$/)
    .describe(`${words}, such as \`08:00\``)
const moment = (words: string) => z.iso.datetime({ precision: 0 }).describe(`${words}, in UTC, such as \`2027-01-31T08:00:00Z\``)
export const assurance = z.enum(['software', 'tpm'])

export const condition = z.strictObject({
  groups: z.array(directoryName).min(1).max(100).optional(),
  tags: z.array(slug).min(1).max(100).optional(),
  /** How the device's keys are held, as verified at enrolment. */
  assurance: z.array(assurance).min(1).max(2).optional(),
  runtimeVersion: z
    .strictObject({
      atLeast: runtimeVersion.describe('Such as `0.1.0`').optional(),
      below: runtimeVersion.describe('Such as `1.0.0`').optional(),
    })
    .optional(),
  /** Names of zones in which the host may be. */
  network: z.array(slug).min(1).max(100).optional(),
  time: z
    .strictObject({
      notBefore: moment('From then on').optional(),
      before: moment('Until then').optional(),
      /** `from` up to, not including, `to`, on the clock that stands at this offset from UTC; over midnight where `to` is not later. */
      weekly: z
        .strictObject({
          days: z
            .array(z.enum(['mon', 'tue', 'wed', 'thu', 'fri', 'sat', 'sun']))
            .min(1)
            .max(7),
          from: dayTime('First minute'),
          to: dayTime('The minute after the last'),
          utcOffset: z
            .string()
            .regex(/^[+-](0[0-9]|1[0-4]):[0-5][0-9]$/)
            .describe('Of that clock, such as `+01:00`'),
        })
        .optional(),
    })
    .optional(),
})

export type Condition = z.infer<typeof condition>
