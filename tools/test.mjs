// SPDX-License-Identifier: Apache-2.0
//
// `npm test`: installs what is missing, runs every ring, prints the sum as its last line. In CI a skipped test fails the run
// unless docs/known-issues.md names it.
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { ensureDebianPackages, GUEST_PACKAGES, QEMU_PACKAGES, TEST_PACKAGES, V86_PACKAGES } from './debian.mjs'
import { ensureInstalled, NODE, ROOT } from './install.mjs'

await ensureInstalled()
await ensureDebianPackages([...GUEST_PACKAGES, ...V86_PACKAGES, ...QEMU_PACKAGES, ...TEST_PACKAGES])

const total = { passed: 0, failed: 0, skipped: 0 }
const env = {
  ...process.env,
  PATH: `${join(ROOT, 'node_modules/.bin')}:${process.env.PATH}`,
  NODE_NO_WARNINGS: '1',
  NODE_COMPILE_CACHE: join(ROOT, '.cache/node'),
}
const scratch = mkdtempSync(join(tmpdir(), 'casemate-test-'))

/** @returns the exit code; null when a signal ended it */
async function run(command, args) {
  const [code] = await once(spawn(command, args, { cwd: ROOT, env, stdio: ['ignore', 'inherit', 'inherit'] }), 'exit')
  return code
}

/** A command that holds or does not. */
async function check(name, command, args) {
  const started = Date.now()
  const code = await run(command, args)
  total[code === 0 ? 'passed' : 'failed'] += 1
  console.log(`${code === 0 ? 'ok' : 'FAILED'}  ${name} (${Date.now() - started} ms)`)
}

async function vitest() {
  const report = join(scratch, 'vitest.json')
  const args = ['node_modules/vitest/vitest.mjs', 'run', '--reporter=default', '--reporter=json', `--outputFile.json=${report}`]
  const status = await run(NODE, args)
  let result
  try {
    result = JSON.parse(readFileSync(report, 'utf8'))
  } catch (error) {
    console.log(`FAILED  vitest left no report: ${error.message}`)
    total.failed += 1
    return
  }
  total.passed += result.numPassedTests
  total.failed += result.numFailedTests
  // A file that does not load, or an error outside any test, fails the run without failing a test.
  if (status !== 0 && result.numFailedTests === 0) total.failed += 1
  const allowed = readFileSync(join(ROOT, 'docs/known-issues.md'), 'utf8')
  for (const file of result.testResults) {
    for (const test of file.assertionResults) {
      if (!['skipped', 'pending', 'todo', 'disabled'].includes(test.status)) continue
      total.skipped += 1
      if (process.env.CI && !allowed.includes(test.fullName)) {
        console.log(`FAILED  skipped, and docs/known-issues.md does not name it: ${test.fullName}`)
        total.failed += 1
      }
    }
  }
}

/** Plays the story on one engine. */
async function story(engine) {
  const child = spawn(NODE, ['e2e/story/main.ts', '--engine', engine, '--json'], { cwd: ROOT, env, stdio: ['ignore', 'pipe', 'inherit'] })
  const ended = once(child, 'exit')
  let [steps, failed] = [0, 0]
  for await (const line of createInterface(child.stdout)) {
    if (!line.startsWith('{')) continue
    const { step, ok, ms } = JSON.parse(line)
    steps += 1
    failed += ok ? 0 : 1
    total[ok ? 'passed' : 'failed'] += 1
    console.log(`${ok ? 'ok' : 'FAILED'}  story ${engine}: ${step} (${ms} ms)`)
  }
  const [code] = await ended
  // One that ends between two steps fails without a step that says so.
  if (steps > 0 && (code === 0 || failed > 0)) return
  console.log(`FAILED  story ${engine} ended with ${code} after ${steps} steps`)
  total.failed += 1
}

await Promise.all([
  check('build of the pages', 'turbo', ['run', 'build', '--output-logs=errors-only']),
  check('bundles of the programs', NODE, ['tools/programs/main.ts']),
  check('disks of the demo guest', NODE, ['tools/demo-guest/main.ts']),
  check('disk of the device guest', NODE, ['e2e/boot/main.ts']),
])

async function checks() {
  await check('lint and format', 'biome', ['check', '--error-on-warnings', '.'])
  await check('types', 'turbo', ['run', 'typecheck', '--output-logs=errors-only'])
  await check('types of tools and e2e', 'tsc', ['--noEmit', '-p', '.'])
  await check('unused code and dependencies', 'knip', [])
  await vitest()
}
// At once: the stories wait much of their time for clocks and limits, which leaves processors to the others.
await Promise.all([story('qemu'), story('v86'), checks()])

rmSync(scratch, { recursive: true, force: true })
console.log(`${total.passed} passed, ${total.failed} failed${total.skipped > 0 ? `, ${total.skipped} skipped` : ''}`)
process.exit(total.failed > 0 || total.passed === 0 ? 1 : 0)
