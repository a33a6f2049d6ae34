// SPDX-License-Identifier: Apache-2.0
import { instant, sha256Text, slug } from '@casemate/policy/names'
import { z } from 'zod'

/** What enrolment ended with. Written last: a device without it is not enrolled. */
export const enrolmentRecord = z.strictObject({
  format: z.literal('casemate-enrolment-1'),
  device: slug,
  organisation: slug,
  title: z.string().min(1).max(128),
  address: z.string(),
  pin: sha256Text.nullable(),
  rootSha256: sha256Text,
  enrolledAt: instant,
})

export type EnrolmentRecord = z.infer<typeof enrolmentRecord>
