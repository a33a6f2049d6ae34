'use client'
// SPDX-License-Identifier: Apache-2.0
import { useEffect, useState } from 'react'

/** How long nothing must be typed before the console is asked, in milliseconds. */
const pause = 350

/**
 * What the console says of a text that is being typed.
 * @param check must not reject, and stays the same function.
 * @returns the newest answer, null before the first; `checked` while it is about the text as it stands now.
 */
export function useChecked<Answer>(
  text: string,
  check: (text: string) => Promise<Answer>,
): { readonly answer: Answer | null; readonly checked: boolean } {
  const [result, setResult] = useState<{ readonly text: string; readonly answer: Answer } | null>(null)
  useEffect(() => {
    let stale = false
    const timer = setTimeout(() => {
      void check(text).then((answer) => {
        if (!stale) setResult({ text, answer })
      })
    }, pause)
    return () => {
      stale = true
      clearTimeout(timer)
    }
  }, [text, check])
  return { answer: result?.answer ?? null, checked: result?.text === text }
}
