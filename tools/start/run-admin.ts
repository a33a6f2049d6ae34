// SPDX-License-Identifier: Apache-2.0
import { execFile } from 'node:child_process'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { z } from 'zod'
import { StartError } from './error.ts'
import { ROOT } from './places.ts'

const refusal = z.object({ error: z.object({ code: z.string(), message: z.string() }) })

/** A refusal of `casemate-admin`, by its own code. */
export class AdminRefusal extends Error {
  override readonly name = 'AdminRefusal'
  readonly code: string

  constructor(code: string, message: string) {
    super(message)
    this.code = code
  }
}

/**
 * Runs the administrator's command line.
 * @param onLine is given each line that it writes on its error output, such as how far it is.
 * @throws AdminRefusal; StartError where it says nothing that can be read.
 */
export function runAdmin<T>(args: readonly string[], form: z.ZodType<T>, onLine: (line: string) => void = () => {}): Promise<T> {
  const command = ['--disable-warning=ExperimentalWarning', join(ROOT, 'apps/console/cli/main.ts'), ...args, '--json']
  const { promise, resolve, reject } = Promise.withResolvers<T>()
  const child = execFile(process.execPath, command, { maxBuffer: 16_777_216 }, (failed, stdout, stderr) => {
    try {
      const answer: unknown = JSON.parse(stdout)
      if (failed === null) return resolve(form.parse(answer))
      const { code, message } = refusal.parse(answer).error
      reject(new AdminRefusal(code, message))
    } catch (cause) {
      reject(new StartError('failed', `casemate-admin ${args.slice(0, 2).join(' ')}: ${stderr.trim().slice(-1000) || 'no answer'}`, cause))
    }
  })
  if (child.stderr !== null) createInterface(child.stderr).on('line', onLine)
  return promise
}
