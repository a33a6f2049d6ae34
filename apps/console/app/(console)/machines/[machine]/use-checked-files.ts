'use client'
// SPDX-License-Identifier: Apache-2.0
import { CallError, callConsole } from '../../../console-call.ts'
import { useChecked } from '../../../use-checked.ts'

export interface TypedFile {
  /** For React. */
  readonly key: string
  readonly name: string
  readonly text: string
}

export interface FilesCheck {
  readonly faults: readonly { readonly file: number | null; readonly message: string }[]
  readonly secrets: readonly string[]
}

const nothing: FilesCheck = { faults: [], secrets: [] }

/** What the console would refuse of customization files; `checked` while that is about them as they stand now. */
export function useCheckedFiles(files: readonly TypedFile[]): FilesCheck & { readonly checked: boolean } {
  const { answer, checked } = useChecked(JSON.stringify(files.map(({ name, text }) => ({ name, text }))), ask)
  return { ...(answer ?? nothing), checked: checked || files.length === 0 }
}

async function ask(files: string): Promise<FilesCheck> {
  if (files === '[]') return nothing
  try {
    return await callConsole('check-customization', { files: JSON.parse(files) })
  } catch (error) {
    if (!(error instanceof CallError)) throw error
    return { ...nothing, faults: [{ file: null, message: error.message }] }
  }
}
