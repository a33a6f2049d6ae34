// SPDX-License-Identifier: Apache-2.0
import { readFile } from 'node:fs/promises'
import { type EmulatorConstructor, emulatorConstructorOf } from './hooks.ts'

/** TypeScript has it among the types of a browser only. */
declare const WebAssembly: {
  compile(bytes: Uint8Array): Promise<object>
  instantiate(module: object, imports: object): Promise<{ readonly exports: object }>
}

/** v86 itself, before there is a machine. */
export interface LoadedV86 {
  readonly V86: EmulatorConstructor
  /** Exports of its WebAssembly, given the imports. */
  readonly instantiate: (imports: object) => Promise<object>
}

/** @param module URL. @throws EngineError `engine-missing` for a module that is not v86; what reading and compiling throw. */
export async function loadV86(module: string, wasmPath: string): Promise<LoadedV86> {
  const compiling = readFile(wasmPath).then((bytes) => WebAssembly.compile(bytes))
  const [found, compiled] = await Promise.all([import(module), compiling])
  return { V86: emulatorConstructorOf(found), instantiate: async (imports) => (await WebAssembly.instantiate(compiled, imports)).exports }
}
