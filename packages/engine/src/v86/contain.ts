// SPDX-License-Identifier: Apache-2.0
import { execFile } from 'node:child_process'
import { EngineError } from '../error.ts'
import { childCommandLine } from './command-line.ts'

/** Tries the containment with a program that does nothing. @throws EngineError `containment-missing` with what was said. */
export async function requireContainment(unshare?: string): Promise<void> {
  if (process.platform !== 'linux')
    throw new EngineError('containment-missing', `v86 is contained by Linux namespaces, this is \`${process.platform}\``)
  const [found = '', ...args] = childCommandLine({ node: process.execPath, entry: '--version', reads: [] })
  const file = unshare ?? found
  await new Promise<void>((resolve, reject) => {
    execFile(file, args, { env: {}, timeout: 10_000 }, (error, _output, complaint) => {
      if (error === null) resolve()
      else
        reject(
          new EngineError('containment-missing', `\`${file}\` cannot make user and network namespaces: ${complaint.trim() || error.message}`, error),
        )
    })
  })
}
