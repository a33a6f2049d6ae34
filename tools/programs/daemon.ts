// SPDX-License-Identifier: Apache-2.0
import { join } from 'node:path'
import { currentProgram } from '../../packages/engine/src/built-program.ts'

const ROOT = join(import.meta.dirname, '../..')

/** Paths from the root. */
export const DAEMON = { sources: 'apps/client-runtime/daemon/main.ts', bundle: 'apps/client-runtime/dist/daemon.mjs' } as const

/** @returns what runs it, by its path: its bundle where that is current, which takes a third less memory */
export async function daemonProgram(): Promise<string> {
  return (await currentProgram(join(ROOT, DAEMON.bundle))) ?? join(ROOT, DAEMON.sources)
}
