// SPDX-License-Identifier: Apache-2.0
//
// Runs before anything is installed: no dependencies, Node 20 understands it.
import { spawn, spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { BUILD_PACKAGES, ensureDebianPackages } from './debian.mjs'
import { Progress } from './progress.mjs'
import { watchUnpacking } from './unpacked.mjs'

export const ROOT = dirname(dirname(fileURLToPath(import.meta.url)))
/** Node 24 from the lock file; the machine's own Node only bootstraps. */
export const NODE = join(ROOT, 'node_modules/.bin/node')
const STAMP = join(ROOT, 'node_modules/.casemate-lock')

/** `npm ci` unless node_modules already matches the lock file. */
export async function ensureInstalled(progress = new Progress(process.stderr)) {
  const lock = createHash('sha256')
    .update(readFileSync(join(ROOT, 'package-lock.json')))
    .digest('hex')
  if (existsSync(NODE) && existsSync(STAMP) && readFileSync(STAMP, 'utf8') === lock) return
  await ensureDebianPackages(BUILD_PACKAGES, progress)
  progress.tell('installing npm packages (about 90 s on two cores)')
  const { code, said } = await progress.during('npm packages', npmCi, watchUnpacking(ROOT))
  if (code !== 0) {
    console.error(`${said.trim()}\n\n\`npm ci\` failed; its own message is above`)
    process.exit(3)
  }
  writeFileSync(STAMP, lock)
}

/** @returns {Promise<{ code: number | null, said: string }>} */
function npmCi() {
  // node-gyp compiles `sqlite3`, which has no binary for every machine, on one processor unless it is told.
  const env = { JOBS: 'max', ...process.env }
  const child = spawn('npm', ['ci', '--no-fund', '--no-audit', '--loglevel=error'], { cwd: ROOT, env, stdio: ['ignore', 'pipe', 'pipe'] })
  let said = ''
  for (const stream of [child.stdout, child.stderr]) stream.setEncoding('utf8').on('data', (text) => (said += text))
  return new Promise((resolve) => {
    child.on('error', (error) => resolve({ code: null, said: error.message }))
    child.on('close', (code) => resolve({ code, said }))
  })
}

/**
 * Runs a script under the installed Node 24 with this terminal and ends with its exit code.
 * @param {string} script path from the root of the checkout
 * @param {string[]} args
 */
export function runWithNode(script, args) {
  const { status } = spawnSync(NODE, ['--disable-warning=ExperimentalWarning', join(ROOT, script), ...args], { stdio: 'inherit' })
  process.exit(status ?? 1)
}
