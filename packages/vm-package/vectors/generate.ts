// SPDX-License-Identifier: Apache-2.0
//
// Writes every vector: `node packages/vm-package/vectors/generate.ts`. The same bytes each time; a test compares them with the files.
import { mkdir, rm, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { chunkVectors } from './chunk.ts'
import { customizationVectors } from './customization.ts'
import { cutVectors } from './cut.ts'
import { keyVectors } from './key.ts'
import { manifestVectors } from './manifest.ts'
import { pageVectors } from './page.ts'
import { prefetchVectors } from './prefetch.ts'
import { rootVectors } from './root.ts'
import { scriptsVectors } from './scripts.ts'
import type { Vector } from './vector.ts'
import { warmStateVectors } from './warm-state.ts'

/** Text of each file by its path below this folder. */
export async function makeVectors(): Promise<ReadonlyMap<string, string>> {
  const made: readonly Readonly<Record<string, Vector>>[] = [
    cutVectors(),
    await chunkVectors(),
    await pageVectors(),
    rootVectors(),
    manifestVectors(),
    customizationVectors(),
    scriptsVectors(),
    await warmStateVectors(),
    prefetchVectors(),
    keyVectors(),
  ]
  return new Map(
    made.flatMap((vectors) =>
      Object.entries(vectors).map(([name, vector]) => [`${vector.kind}/${name}.json`, `${JSON.stringify(vector, null, 2)}\n`]),
    ),
  )
}

async function writeVectors(folder: string): Promise<void> {
  const files = await makeVectors()
  for (const kind of new Set([...files.keys()].map((path) => dirname(path)))) {
    await rm(join(folder, kind), { recursive: true, force: true })
    await mkdir(join(folder, kind), { recursive: true })
  }
  for (const [path, text] of files) await writeFile(join(folder, path), text)
}

if (import.meta.main) await writeVectors(import.meta.dirname)
