// SPDX-License-Identifier: Apache-2.0
import type { ReleaseUpdate } from '@casemate/policy/release'
import { readUtc, utcWords } from '../../parts/utc-time.ts'

/** How devices come to a release, while it is typed. */
export interface TypedUpdate {
  /** As typed: empty while it is being typed anew. */
  readonly keep: string | number
  readonly forced: boolean
  /** In UTC. */
  readonly forceAt: string
}

export const mostKept = 8
export const suggested: TypedUpdate = { keep: 0, forced: false, forceAt: '' }

/** What a release says of it: nothing where it is suggested and keeps nothing. */
export function updateOf({ keep, forced, forceAt }: TypedUpdate): { readonly update?: ReleaseUpdate } {
  const update = { keep: typeof keep === 'number' ? keep : 0, forceAt: forced ? readUtc(forceAt) : null }
  return update.keep === 0 && update.forceAt === null ? {} : { update }
}

/** `suggested, keeps 2` */
export function updateWords(update: ReleaseUpdate | null): string {
  if (update === null) return 'suggested'
  const when = update.forceAt === null ? 'suggested' : `forced from ${utcWords(update.forceAt)}`
  return update.keep === 0 ? when : `${when}, keeps ${update.keep}`
}
