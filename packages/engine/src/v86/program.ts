// SPDX-License-Identifier: Apache-2.0
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { currentProgram } from '../built-program.ts'
import { EngineError } from '../error.ts'

/** What the child is made of: paths, and what it may read besides the firmware. */
export interface ChildProgram {
  readonly entry: string
  readonly reads: readonly string[]
  readonly v86Module: string
  readonly v86Wasm: string
}

/** The child as it lies in this package's sources. */
function programFromSources(): ChildProgram {
  const v86Module = fileURLToPath(import.meta.resolve('v86'))
  const v86Wasm = join(v86Module, '..', 'v86.wasm')
  const here = (path: string) => fileURLToPath(new URL(path, import.meta.url))
  return {
    entry: here('./child/main.ts'),
    reads: [here('.'), here('../nbd'), here('../rfb'), here('../network/token-bucket.ts'), here('../error.ts'), v86Module, v86Wasm],
    v86Module,
    v86Wasm,
  }
}

/** Its bundle (tools/programs) where that is current: it then may read that one file in place of the sources. */
export async function currentChild(): Promise<ChildProgram> {
  const sources = programFromSources()
  const { v86Module, v86Wasm } = sources
  const entry = await currentProgram(fileURLToPath(new URL('../../dist/v86-child.mjs', import.meta.url)))
  return entry === null ? sources : { entry, reads: [entry, v86Module, v86Wasm], v86Module, v86Wasm }
}

/** The version of v86 that the program would run. */
export async function versionOf(program: ChildProgram): Promise<string> {
  const manifest: unknown = JSON.parse(await readFile(join(program.v86Module, '..', '..', 'package.json'), 'utf8'))
  const version = typeof manifest === 'object' && manifest !== null ? Reflect.get(manifest, 'version') : undefined
  if (typeof version !== 'string') throw new EngineError('engine-missing', 'the manifest of v86 names no version')
  return version
}
