// SPDX-License-Identifier: Apache-2.0
import { join } from 'node:path'
import { defineConfig } from 'vitest/config'
import { chooseSeed, KEPT_SEED } from './tools/seed/choose-seed.ts'

const pure = ['packages/policy/**/*.test.ts', 'packages/*/src/**/*.test.ts', 'apps/*/!(test)/**/*.test.ts', 'tools/**/*.test.ts']
const exclude = ['**/node_modules/**', '**/.next/**']

// Set for the workers too. Whoever sees a failure of a random run has to know how to see it again.
const seed = chooseSeed(process.env.CASEMATE_SEED)
process.env.CASEMATE_SEED = String(seed)
if (seed !== KEPT_SEED) console.log(`property tests draw by CASEMATE_SEED=${seed}`)

export default defineConfig({
  test: {
    testTimeout: 30_000,
    hookTimeout: 60_000,
    // Where the runtime seals keys under a key of the user's: not under that of whoever runs the tests.
    env: { XDG_STATE_HOME: join(import.meta.dirname, '.cache', 'test-state'), CASEMATE_SEED: String(seed) },
    // As many as the smallest machine has processors: `npm test` plays two stories beside them.
    maxWorkers: 2,
    setupFiles: ['tools/seed/seed-property-tests.ts'],
    projects: [
      // Neither processes nor files of their own: a worker may run many of them.
      { extends: true, test: { name: 'pure', include: pure, exclude, isolate: false } },
      {
        extends: true,
        test: {
          name: 'real',
          // Processes, argon2id and guests on a computer that may be three times slower than the last one: a limit for what hangs.
          testTimeout: 120_000,
          hookTimeout: 120_000,
          include: ['packages/**/*.test.ts', 'apps/**/*.test.ts', 'e2e/**/*.test.ts'],
          exclude: [...exclude, ...pure],
          globalSetup: ['apps/console/test/console/organisation-folder.ts'],
        },
      },
    ],
  },
})
