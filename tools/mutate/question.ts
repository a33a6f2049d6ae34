// SPDX-License-Identifier: Apache-2.0
import { z } from 'zod'

/** `source` null: the file as it stands. */
export const question = z.strictObject({ file: z.string(), source: z.string().nullable(), tests: z.array(z.string()).min(1).readonly() })
export const answer = z.strictObject({ failed: z.boolean(), milliseconds: z.number() })

export type Question = z.infer<typeof question>
export type Answer = z.infer<typeof answer>
