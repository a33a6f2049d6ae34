// SPDX-License-Identifier: Apache-2.0
//
// Everything QEMU may say over QMP, parsed once. Source: QEMU Machine Protocol specification, section 2.
import { z } from 'zod'
import { EngineError } from '../error.ts'

const greeting = z.strictObject({
  QMP: z.strictObject({
    version: z.strictObject({ qemu: z.strictObject({ major: z.int(), minor: z.int(), micro: z.int() }), package: z.string().max(200) }),
    capabilities: z.array(z.string().max(100)).max(50),
  }),
})
const success = z.strictObject({ return: z.unknown(), id: z.int() })
const failure = z.strictObject({ error: z.strictObject({ class: z.string().max(100), desc: z.string().max(65_536) }), id: z.int() })
const event = z.strictObject({
  event: z.string().max(100),
  data: z.record(z.string(), z.unknown()).optional(),
  timestamp: z.strictObject({ seconds: z.int(), microseconds: z.int() }),
})

export type QmpMessage =
  | { readonly kind: 'greeting'; readonly version: string }
  | { readonly kind: 'success'; readonly id: number; readonly value: unknown }
  | { readonly kind: 'failure'; readonly id: number; readonly message: string }
  | { readonly kind: 'event'; readonly name: string; readonly data: Readonly<Record<string, unknown>> }

/** @throws EngineError `qmp-failed` for anything that is no message of the protocol. */
export function parseQmpMessage(line: string): QmpMessage {
  const json = parseJson(line)
  const hello = greeting.safeParse(json)
  if (hello.success) {
    const { major, minor, micro } = hello.data.QMP.version.qemu
    return { kind: 'greeting', version: `${major}.${minor}.${micro}` }
  }
  const news = event.safeParse(json)
  if (news.success) return { kind: 'event', name: news.data.event, data: news.data.data ?? {} }
  const refused = failure.safeParse(json)
  if (refused.success) return { kind: 'failure', id: refused.data.id, message: refused.data.error.desc }
  const answer = success.safeParse(json)
  if (answer.success) return { kind: 'success', id: answer.data.id, value: answer.data.return }
  throw new EngineError('qmp-failed', `expected a message of QMP, found \`${line.slice(0, 200)}\``)
}

function parseJson(line: string): unknown {
  try {
    return JSON.parse(line)
  } catch (cause) {
    throw new EngineError('qmp-failed', `expected a line of JSON, found \`${line.slice(0, 200)}\``, cause)
  }
}

/** A disk request failed and, with `action` stop, the CPUs stand still. */
export const blockIoError = z.looseObject({ 'node-name': z.string(), action: z.enum(['ignore', 'report', 'stop']), nospace: z.boolean().optional() })
export const shutdown = z.looseObject({ guest: z.boolean(), reason: z.string() })
export const migration = z.looseObject({ status: z.string() })
/** Of `query-status`. */
export const status = z.looseObject({ status: z.string(), running: z.boolean() })
export const nothing = z.looseObject({})
