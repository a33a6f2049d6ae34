// SPDX-License-Identifier: Apache-2.0
import { z } from 'zod'
import type { ShownProgress } from '../parts/size-words.ts'

export interface ShownJob {
  readonly id: string
  readonly kind: string
  readonly state: string
  readonly progress: unknown
  readonly failure: string | null
  readonly createdAt: number
  readonly endedAt: number | null
  readonly request: unknown
}

export const isOpen = ({ state }: ShownJob): boolean => state === 'waiting' || state === 'running'

/** Machine that a job works on; null: none. */
export function jobOfMachine({ request }: ShownJob): string | null {
  const machine = memberOf(request, 'machine')
  return typeof machine === 'string' ? machine : null
}

/** `Seal demo 1` */
export function jobTitle({ kind, request }: ShownJob): string {
  const sealed = memberOf(request, 'package')
  const [name, version] = [memberOf(sealed, 'name'), memberOf(sealed, 'version')]
  const words = kind.replaceAll('-', ' ')
  const title = words.charAt(0).toUpperCase() + words.slice(1)
  return typeof name === 'string' && typeof version === 'string' ? `${title} ${name} ${version}` : title
}

/** As `JobProgress`; what an earlier console wrote has fewer fields. */
const written = z.object({
  ...{ done: z.number(), total: z.number().positive() },
  ...{ bytesPerSecond: z.number().nullable().default(null), secondsLeft: z.number().nullable().default(null) },
  notes: z.array(z.string()).default([]),
})

/** Null: not known. */
export function jobProgress({ progress }: ShownJob): (ShownProgress & { readonly notes: readonly string[] }) | null {
  const parsed = written.safeParse(progress)
  if (!parsed.success) return null
  const { done, total, bytesPerSecond: rate, secondsLeft: left, notes } = parsed.data
  return { done, total, rate, left, notes }
}

function memberOf(value: unknown, name: string): unknown {
  return value !== null && typeof value === 'object' ? Object.entries(value).find(([key]) => key === name)?.[1] : undefined
}
