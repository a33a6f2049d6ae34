// SPDX-License-Identifier: Apache-2.0
import { operators } from './operators.ts'
import { nodesOf, parseSource } from './syntax-tree.ts'

export interface Mutant {
  readonly operator: string
  /** From 1. */
  readonly line: number
  /** On one line, cut. */
  readonly was: string
  readonly now: string
  /** The whole source with this one change. */
  readonly source: string
}

/** Every mutant of a source that can still be parsed, in the order of their places, each once. */
export function mutantsOf(source: string): readonly Mutant[] {
  const found = new Map<string, Mutant & { readonly start: number }>()
  for (const [node, parent] of nodesOf(parseSource(source))) {
    for (const { operator, start, end, text } of operators.flatMap((apply) => apply(node, source, parent))) {
      // No semicolons end the lines of our sources: what now begins with a bracket would go on with the line before.
      const begin = /^[ \t]*$/.test(source.slice(source.lastIndexOf('\n', start - 1) + 1, start)) && parent?.type === 'ExpressionStatement' ? ';' : ''
      const mutated = source.slice(0, start) + begin + text + source.slice(end)
      if (mutated === source || found.has(mutated) || !isSource(mutated)) continue
      const line = source.slice(0, start).split('\n').length
      found.set(mutated, { operator, line, was: cut(source.slice(start, end)), now: cut(text), source: mutated, start })
    }
  }
  return [...found.values()].sort((a, b) => a.start - b.start)
}

function isSource(text: string): boolean {
  try {
    parseSource(text)
    return true
  } catch {
    return false
  }
}

function cut(text: string): string {
  const line = text.replace(/\s+/g, ' ')
  return line.length > 60 ? `${line.slice(0, 59)}…` : line
}
