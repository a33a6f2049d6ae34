'use client'
// SPDX-License-Identifier: Apache-2.0
import { useEffect, useState } from 'react'
import { CallError, callConsole } from '../../../console-call.ts'
import { lineOf, type Path, readText } from './policy-text.ts'

export interface PolicyFault {
  /** `rules.0.value.maxTextBytes`; empty: the whole text. */
  readonly field: string
  readonly path: Path
  readonly message: string
  /** From 1; null: it stands nowhere yet. */
  readonly line: number | null
}

/** How long nothing must be typed before the console is asked, in milliseconds. */
const pause = 350

/** What the console's own parser says of a text; `checked` while that is about the text as it stands now. */
export function useCheckedPolicy(text: string): { readonly faults: readonly PolicyFault[]; readonly checked: boolean } {
  const [result, setResult] = useState<{ readonly text: string; readonly faults: readonly PolicyFault[] } | null>(null)
  useEffect(() => {
    let stale = false
    const timer = setTimeout(() => {
      void faultsOf(text).then((faults) => {
        if (!stale) setResult({ text, faults })
      })
    }, pause)
    return () => {
      stale = true
      clearTimeout(timer)
    }
  }, [text])
  return { faults: result?.faults ?? [], checked: result?.text === text }
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
