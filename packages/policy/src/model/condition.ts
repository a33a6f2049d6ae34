// SPDX-License-Identifier: Apache-2.0
//
// The `when` of a rule: every member that is given must hold. A list holds if it names one of what applies.
import { z } from 'zod'
import { directoryName, runtimeVersion, slug } from './names.ts'

const dayTime = z.string().regex(/^([01][0-9]|2[0-3]):[0-5][0-9]$/)
export const assurance = z.enum(['software', 'tpm'])

export const condition = z.strictObject({
  groups: z.array(directoryName).min(1).max(100).optional(),
  tags: z.array(slug).min(1).max(100).optional(),
  /** How the device's keys are held, as verified at enrolment. */
  assurance: z.array(assurance).min(1).max(2).optional(),
  runtimeVersion: z.strictObject({ atLeast: runtimeVersion.optional(), below: runtimeVersion.optional() }).optional(),
  /** Names of zones in which the host may be. */
  network: z.array(slug).min(1).max(100).optional(),
  time: z
    .strictObject({
      notBefore: z.iso.datetime({ precision: 0 }).optional(),
      before: z.iso.datetime({ precision: 0 }).optional(),
      /** `from` up to, not including, `to`, on the clock that stands at this offset from UTC; over midnight where `to` is not later. */
      weekly: z
        .strictObject({
          days: z
            .array(z.enum(['mon', 'tue', 'wed', 'thu', 'fri', 'sat', 'sun']))
            .min(1)
            .max(7),
          from: dayTime,
          to: dayTime,
          utcOffset: z.string().regex(/^[+-](0[0-9]|1[0-4]):[0-5][0-9]$/),
        })
        .optional(),
    })
    .optional(),
})

export type Condition = z.infer<typeof condition>
