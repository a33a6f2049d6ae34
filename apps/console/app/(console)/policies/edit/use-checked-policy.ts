'use client'
// SPDX-License-Identifier: Apache-2.0
import { CallError, callConsole } from '../../../console-call.ts'
import { useChecked } from '../../../use-checked.ts'
import { lineOf, type Path, readText } from './policy-text.ts'

export interface PolicyFault {
  /** `rules.0.value.maxTextBytes`; empty: the whole text. */
  readonly field: string
  readonly path: Path
  readonly message: string
  /** From 1; null: it stands nowhere yet. */
  readonly line: number | null
}

/** What the console's own parser says of a text; `checked` while that is about the text as it stands now. */
export function useCheckedPolicy(text: string): { readonly faults: readonly PolicyFault[]; readonly checked: boolean } {
  const { answer, checked } = useChecked(text, faultsOf)
  return { faults: answer ?? [], checked }
}

async function faultsOf(text: string): Promise<readonly PolicyFault[]> {
  const read = readText(text)
  if ('message' in read) return [{ field: '', path: [], message: read.message, line: read.line }]
  try {
    const { errors } = await callConsole('check-policy', { yaml: text })
    return errors.map(({ path, message }) => {
      const place = [...path, ...unknownKey(message)]
      return { field: place.join('.'), path: place, message, line: lineOf(text, place) }
    })
  } catch (error) {
    if (!(error instanceof CallError)) throw error
    return [{ field: '', path: [], message: error.message, line: null }]
  }
}

/** The parser names an unknown key in its message, and as place only what holds it. */
function unknownKey(message: string): readonly string[] {
  const key = /^Unrecognized keys?: "([^"]+)"/.exec(message)?.[1]
  return key === undefined ? [] : [key]
}
