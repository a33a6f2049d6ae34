// SPDX-License-Identifier: Apache-2.0

export type ChangeKind = 'added' | 'removed' | 'changed'

export interface TextChange {
  /** Of the field or part that it is the text of. */
  readonly name: string
  readonly kind: ChangeKind
  readonly before: string | null
  readonly after: string | null
}

/** What differs between two sets of named texts; in the order of the older, what is new behind it. */
export function textChanges(before: ReadonlyMap<string, string>, after: ReadonlyMap<string, string>): readonly TextChange[] {
  return [...new Set([...before.keys(), ...after.keys()])].flatMap((name) => {
    const [old = null, next = null] = [before.get(name), after.get(name)]
    if (old === next) return []
    return [{ name, kind: old === null ? ('added' as const) : next === null ? ('removed' as const) : ('changed' as const), before: old, after: next }]
  })
}
