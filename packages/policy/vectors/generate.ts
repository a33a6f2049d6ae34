// SPDX-License-Identifier: Apache-2.0
//
// Writes the vectors: `node packages/policy/vectors/generate.ts`. A scenario whose decision is not the expected one is an error.
import { mkdirSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { allActivationVectors } from './activation-vectors.ts'
import { allVectors } from './build.ts'
import { allLiveVectors } from './live-vectors.ts'

const kinds = { decide: allVectors(), activation: allActivationVectors(), live: allLiveVectors() }
for (const [kind, vectors] of Object.entries(kinds)) {
  const folder = join(import.meta.dirname, kind)
  mkdirSync(folder, { recursive: true })
  for (const file of readdirSync(folder)) if (!vectors.has(file)) rmSync(join(folder, file))
  for (const [file, text] of vectors) writeFileSync(join(folder, file), text)
  console.log(`${vectors.size} vectors of \`${kind}\``)
}
