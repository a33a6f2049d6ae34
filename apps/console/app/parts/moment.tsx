'use client'
// SPDX-License-Identifier: Apache-2.0
import { fromNow } from './from-now.ts'

/** An instant relative to now, its full date as a tooltip. */
export function Moment({ at }: { readonly at: number | null }) {
  if (at === null) return <span>never</span>
  const date = new Date(at * 1000)
  return (
    <time dateTime={date.toISOString()} title={`${date.toISOString().slice(0, 19).replace('T', ' ')} UTC`} suppressHydrationWarning>
      {fromNow(at, Date.now() / 1000)}
    </time>
  )
}
