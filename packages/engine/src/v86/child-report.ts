// SPDX-License-Identifier: Apache-2.0
import { z } from 'zod'
import { EngineError } from '../error.ts'
import { type ChildReport, childErrorCodes } from './child-protocol.ts'

const text = z.string().max(4096)
const code = z.enum(childErrorCodes)
const id = z.int().min(0)
const count = z.int().min(0)
const counters = z.strictObject({ readBytes: count, readOperations: count, writtenBytes: count, writeOperations: count })

/** The child runs a hostile guest: every message is parsed strictly. */
const childReport: z.ZodType<ChildReport> = z.discriminatedUnion('type', [
  z.strictObject({ type: z.literal('ready') }),
  z.strictObject({ type: z.literal('done'), id }),
  z.strictObject({ type: z.literal('counted'), id, disks: z.array(counters).max(2) }),
  z.strictObject({ type: z.literal('failed'), id, code, message: text }),
  z.strictObject({ type: z.literal('starved'), disk: z.string().max(64), message: text }),
  z.strictObject({ type: z.literal('serial'), base64: z.base64().max(262_144) }),
  z.strictObject({ type: z.literal('off'), message: text }),
  z.strictObject({ type: z.literal('fatal'), code, message: text }),
])

/** @throws EngineError `engine-protocol`. */
export function parseChildReport(message: unknown): ChildReport {
  const parsed = childReport.safeParse(message)
  if (!parsed.success) throw new EngineError('engine-protocol', `a report of the v86 child: ${z.prettifyError(parsed.error)}`)
  return parsed.data
}
