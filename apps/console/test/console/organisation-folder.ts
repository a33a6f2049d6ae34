// SPDX-License-Identifier: Apache-2.0
//
// One folder a run, where the organisation is kept that the tests copy.
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { TestProject } from 'vitest/node'

/** Under this name the tests find it. */
export const organisationFolder = 'organisationFolder'

declare module 'vitest' {
  interface ProvidedContext {
    readonly [organisationFolder]: string
  }
}

export default async function setup({ provide }: TestProject): Promise<() => Promise<void>> {
  const folder = await mkdtemp(join(tmpdir(), 'casemate-organisation-'))
  provide(organisationFolder, folder)
  return () => rm(folder, { recursive: true, force: true })
}
