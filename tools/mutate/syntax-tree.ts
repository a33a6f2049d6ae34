// SPDX-License-Identifier: Apache-2.0
//
// The tree of a TypeScript source (ESTree, as Vite's parser gives it), without its types.
import { parseAst } from 'vitest/node'

export interface SyntaxNode {
  readonly type: string
  /** Of its first character and behind its last one. */
  readonly start: number
  readonly end: number
  readonly [member: string]: unknown
}

/** @throws the parser's error where it is not TypeScript */
export function parseSource(text: string): SyntaxNode {
  const program: unknown = parseAst(text, { lang: 'ts' })
  if (!isNode(program)) throw new Error('expected a program, found something else')
  return program
}

/** Every node that runs, with the node around it: no types, no imports. */
export function* nodesOf(node: SyntaxNode, parent: SyntaxNode | null = null): Generator<readonly [node: SyntaxNode, parent: SyntaxNode | null]> {
  if (isTypeOnly(node)) return
  yield [node, parent]
  for (const [member, value] of Object.entries(node)) {
    if (member === 'typeAnnotation' || member === 'typeArguments' || member === 'returnType') continue
    for (const child of Array.isArray(value) ? value : [value]) if (isNode(child)) yield* nodesOf(child, node)
  }
}

/** @throws Error where the member is no node: the parser's trees have changed */
export function memberOf(node: SyntaxNode, member: string): SyntaxNode {
  const found = node[member]
  if (!isNode(found)) throw new Error(`expected a node as \`${member}\` of a ${node.type}, found none`)
  return found
}

export function isNode(value: unknown): value is SyntaxNode {
  return typeof value === 'object' && value !== null && 'type' in value && typeof value.type === 'string' && 'start' in value && 'end' in value
}

const runs = new Set(['TSAsExpression', 'TSNonNullExpression', 'TSSatisfiesExpression'])

function isTypeOnly({ type }: SyntaxNode): boolean {
  return type === 'ImportDeclaration' || (type.startsWith('TS') && !runs.has(type))
}
