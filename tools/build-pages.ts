// SPDX-License-Identifier: Apache-2.0
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { readdir, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'

const ROOT = join(import.meta.dirname, '..')
const inputs = ['apps/console', 'packages/policy', 'packages/vm-package', 'packages/engine', 'package-lock.json', 'tsconfig.base.json']
const outputs = new Set(['node_modules', '.next', '.turbo', 'test', 'cli'])

/** The console's pages, as their sources stand. @throws Error with what the build said. */
export async function buildPages(): Promise<void> {
  if (await isCurrent()) return
  const turbo = join(ROOT, 'node_modules/.bin/turbo')
  const env = { ...process.env, PATH: `${join(ROOT, 'node_modules/.bin')}:${process.env.PATH}` }
  const child = spawn(turbo, ['run', 'build', '--output-logs=errors-only'], { cwd: ROOT, stdio: ['ignore', 'pipe', 'pipe'], env })
  const [said, complained, [code]] = await Promise.all([text(child.stdout), text(child.stderr), once(child, 'close')])
  if (code !== 0) throw new Error(`the console's pages could not be built:\n${said}${complained}`)
}

/** Nothing has changed since the last build: turbo says the same, after a second. */
async function isCurrent(): Promise<boolean> {
  const built = await stat(join(ROOT, 'apps/console/.next/BUILD_ID')).catch(() => null)
  if (built === null) return false
  const times = await Promise.all(inputs.map((input) => newest(join(ROOT, input))))
  return Math.max(...times) < built.mtimeMs
}

/** When anything at or below `path` changed last, in milliseconds; a folder changes when something leaves it. */
async function newest(path: string): Promise<number> {
  const found = await stat(path)
  if (!found.isDirectory()) return found.mtimeMs
  const below = (await readdir(path, { withFileTypes: true })).filter(
    ({ name }) => !outputs.has(name) && !/\.test\.ts$|\.tsbuildinfo$|\.d\.ts$/.test(name),
  )
  const times = await Promise.all(below.map(({ name }) => newest(join(path, name))))
  // `.next`, a build's own output, may be new in a folder whose sources are not.
  const own = path === join(ROOT, 'apps/console') ? 0 : found.mtimeMs
  return Math.max(own, ...times)
}
