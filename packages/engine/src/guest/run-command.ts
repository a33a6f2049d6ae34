// SPDX-License-Identifier: Apache-2.0
import { setTimeout as wait } from 'node:timers/promises'
import { z } from 'zod'
import { EngineError } from '../error.ts'
import type { AgentChannel } from './agent-channel.ts'

const answerMs = 10_000
const pollMs = 100

const started = z.strictObject({ pid: z.int().min(0) })
const output = z.base64().optional()
const status = z.strictObject({
  exited: z.boolean(),
  exitcode: z.int().optional(),
  signal: z.int().optional(),
  'out-data': output,
  'err-data': output,
  'out-truncated': z.boolean().optional(),
  'err-truncated': z.boolean().optional(),
})

export interface GuestCommand {
  /** As the guest spells it; no shell is between. */
  readonly path: string
  readonly args?: readonly string[]
  readonly input?: Uint8Array
  /** Of output and of error output each. What goes beyond it is cut off, and said to be. */
  readonly maxBytes: number
  /** The agent cannot end a command: it runs on in the guest beyond this. */
  readonly deadlineMs: number
}

export interface CommandResult {
  /** Null: a signal ended it. */
  readonly exitCode: number | null
  readonly output: Buffer
  readonly errorOutput: Buffer
  readonly truncated: boolean
}

/** @throws EngineError `time-out` where the command has not ended by its deadline; as {@link AgentChannel.execute}. */
export async function runCommand(channel: AgentChannel, { path, args = [], input, maxBytes, deadlineMs }: GuestCommand): Promise<CommandResult> {
  const end = performance.now() + deadlineMs
  const given = input === undefined ? {} : { 'input-data': Buffer.from(input).toString('base64') }
  const { pid } = await channel.execute('guest-exec', { path, arg: args, 'capture-output': true, ...given }, started, answerMs)
  for (;;) {
    const found = await channel.execute('guest-exec-status', { pid }, status, answerMs)
    if (found.exited) return resultOf(found, maxBytes)
    if (performance.now() >= end) throw new EngineError('time-out', `\`${path}\` in the guest did not end within ${deadlineMs} ms`)
    await wait(pollMs)
  }
}

function resultOf(found: z.infer<typeof status>, maxBytes: number): CommandResult {
  const [out, err] = [Buffer.from(found['out-data'] ?? '', 'base64'), Buffer.from(found['err-data'] ?? '', 'base64')]
  const cut = out.length > maxBytes || err.length > maxBytes
  return {
    exitCode: found.exitcode ?? null,
    output: out.subarray(0, maxBytes),
    errorOutput: err.subarray(0, maxBytes),
    truncated: cut || (found['out-truncated'] ?? false) || (found['err-truncated'] ?? false),
  }
}
