// SPDX-License-Identifier: Apache-2.0
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'

const ROOT = join(import.meta.dirname, '..')

/** The console's pages, as they stand; what was built already comes from turbo's cache. @throws Error with what the build said. */
export async function buildPages(): Promise<void> {
  const turbo = join(ROOT, 'node_modules/.bin/turbo')
  const env = { ...process.env, PATH: `${join(ROOT, 'node_modules/.bin')}:${process.env.PATH}` }
  const child = spawn(turbo, ['run', 'build', '--output-logs=errors-only'], { cwd: ROOT, stdio: ['ignore', 'pipe', 'pipe'], env })
  const [said, complained, [code]] = await Promise.all([text(child.stdout), text(child.stderr), once(child, 'close')])
  if (code !== 0) throw new Error(`the console's pages could not be built:\n${said}${complained}`)
}
