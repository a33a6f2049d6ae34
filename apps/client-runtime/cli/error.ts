// SPDX-License-Identifier: Apache-2.0
import type { z } from 'zod'
import type { reasonView } from '../local-api.ts'

export const exitCode = { done: 0, refused: 1, usage: 2, environment: 3 } as const

/** What ends a command; `blame` decides the exit code. */
export class CliError extends Error {
  override readonly name = 'CliError'
  readonly blame: Exclude<keyof typeof exitCode, 'done'>
  readonly code: string
  readonly reasons: readonly z.infer<typeof reasonView>[]

  constructor(blame: CliError['blame'], code: string, message: string, reasons: CliError['reasons'] = []) {
    super(message)
    this.blame = blame
    this.code = code
    this.reasons = reasons
  }
}
