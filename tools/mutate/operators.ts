// SPDX-License-Identifier: Apache-2.0
//
// The listed operators. Each is applied at every site, one at a time. Words for people (text with a space in it) are left alone, and so
// are types, imports and whole blocks, whose loss nearly every test notices.
import { isNode, memberOf, type SyntaxNode } from './syntax-tree.ts'

export interface Change {
  readonly operator: string
  readonly start: number
  readonly end: number
  readonly text: string
}

type Operator = (node: SyntaxNode, source: string, parent: SyntaxNode | null) => readonly Change[]

const swaps: Readonly<Record<string, readonly string[]>> = {
  ...{ '<': ['<=', '>='], '<=': ['<', '>'], '>': ['>=', '<='], '>=': ['>', '<'], '===': ['!=='], '!==': ['==='] },
  ...{ '+': ['-'], '-': ['+'], '*': ['/'], '/': ['*'], '%': ['*'], '<<': ['>>'], '>>': ['<<'], '&': ['|'], '|': ['&'], '^': ['&'] },
  ...{ '&&': ['||'], '||': ['&&'], '+=': ['-='], '-=': ['+='], '*=': ['/='], '/=': ['*='], '|=': ['&='] },
}
const methodSwaps: Readonly<Record<string, string>> = {
  ...{ min: 'max', max: 'min', every: 'some', some: 'every', startsWith: 'endsWith', endsWith: 'startsWith', floor: 'ceil', ceil: 'floor' },
  strictObject: 'object',
}
/** Calls that hand on what they are called on, more or less. */
const removable = new Set([
  ...['filter', 'sort', 'slice', 'trim', 'toLowerCase', 'reverse', 'refine', 'regex', 'min', 'max', 'nullable', 'optional', 'toSorted', 'check'],
  ...['map', 'flatMap'],
])
const replace = (operator: string, { start, end }: SyntaxNode, text: string): Change => ({ operator, start, end, text })
const textOf = (source: string, { start, end }: SyntaxNode): string => source.slice(start, end)

/** `if` and `?:` decide one way; a loop does not begin. */
const conditions: Operator = (node) => {
  if (node.type === 'IfStatement' || node.type === 'ConditionalExpression') {
    const test = memberOf(node, 'test')
    return ['true', 'false'].map((value) => replace(`condition-${value}`, test, value))
  }
  const isLoop = ['WhileStatement', 'ForStatement', 'DoWhileStatement'].includes(node.type)
  return isLoop && isNode(node.test) ? [replace('loop-skipped', node.test, 'false')] : []
}

/** Comparisons, their boundaries, arithmetic, `&&` and `||`. */
const binaries: Operator = (node, source) => {
  if (!['BinaryExpression', 'LogicalExpression', 'AssignmentExpression'].includes(node.type)) return []
  const [left, right] = [memberOf(node, 'left'), memberOf(node, 'right')]
  const operator = String(node.operator)
  const isText = operator === '+' && [left, right].some(({ type, value }) => type === 'TemplateLiteral' || typeof value === 'string')
  if (isText) return []
  return (swaps[operator] ?? []).map((other) =>
    replace(`\`${operator}\` to \`${other}\``, node, `(${textOf(source, left)} ${other} ${textOf(source, right)})`),
  )
}

/** What a comparison would not reach: operands of `&&` and `||` that are calls, names or members, and `!`. */
const negations: Operator = (node, source, parent) => {
  if (node.type === 'UnaryExpression' && node.operator === '!') return [replace('negation-dropped', node, textOf(source, memberOf(node, 'argument')))]
  const isOperand = parent?.type === 'LogicalExpression' && parent.operator !== '??'
  return isOperand && ['CallExpression', 'Identifier', 'MemberExpression'].includes(node.type)
    ? [replace('negated', node, `!(${textOf(source, node)})`)]
    : []
}

/** `a ?? b` is `a`; `a?.b` is `a.b`. */
const defaults: Operator = (node, source) => {
  if (node.type === 'LogicalExpression' && node.operator === '??') return [replace('default-dropped', node, textOf(source, memberOf(node, 'left')))]
  if (node.type !== 'MemberExpression' || node.optional !== true) return []
  const end = memberOf(node, 'object').end
  return [{ operator: 'optional-chain-dropped', start: end, end: end + 2, text: node.computed === true ? '' : '.' }]
}

/** Statements that only act, and what leaves a loop, a function or a `catch`. */
const statements: Operator = (node, source, parent) => {
  const drop = (operator: string) => [replace(operator, node, ';')]
  if (node.type === 'ExpressionStatement' && !isDirective(node)) return drop('statement-dropped')
  if (node.type === 'ContinueStatement' || node.type === 'BreakStatement') return drop('jump-dropped')
  // Alone under an `if`, its loss is the condition that is false.
  if (node.type === 'ThrowStatement' && parent?.type === 'BlockStatement' && !source.slice(0, parent.start).trimEnd().endsWith(')')) {
    return drop('throw-dropped')
  }
  return []
}

const literals: Operator = (node, source, parent) => {
  if (node.type === 'ArrayExpression') return Array.isArray(node.elements) && node.elements.length > 0 ? [replace('array-emptied', node, '[]')] : []
  if (node.type === 'SpreadElement') return [replace('spread-dropped', node, parent?.type === 'ObjectExpression' ? '...{}' : '...[]')]
  const isName = parent?.type === 'Property' && parent.key === node && parent.computed !== true
  if (isName) return []
  if (node.type === 'TemplateLiteral') {
    const isPlain = !/\s/.test(textOf(source, node).replace(/\$\{[^}]*\}/g, ''))
    return isPlain && parent?.type !== 'TaggedTemplateExpression' ? [replace('text-emptied', node, "''")] : []
  }
  if (node.type !== 'Literal') return []
  if (isRegex(node)) return anchors(node, textOf(source, node))
  if (typeof node.value === 'boolean') return [replace('boolean-swapped', node, String(!node.value))]
  if (typeof node.value === 'number') return [replace('number-raised', node, `(${node.value + 1})`)]
  if (typeof node.value === 'bigint') return [replace('number-raised', node, `(${node.value + 1n}n)`)]
  if (typeof node.value === 'string' && node.value !== '' && !/\s/.test(node.value)) return [replace('text-emptied', node, "''")]
  return []
}

/** `min` for `max`, `every` for `some`, a strict object for a lax one; a filter, a sort or a schema's check left out. */
const methods: Operator = (node, source) => {
  if (node.type !== 'CallExpression') return []
  const callee = memberOf(node, 'callee')
  if (callee.type !== 'MemberExpression' || callee.computed === true) return []
  const [object, property] = [memberOf(callee, 'object'), memberOf(callee, 'property')]
  const name = textOf(source, property)
  const other = methodSwaps[name]
  const swapped = other === undefined ? [] : [replace(`\`${name}\` to \`${other}\``, property, other)]
  const isOfMath = textOf(source, object) === 'Math'
  return removable.has(name) && !isOfMath ? [...swapped, replace(`\`${name}\` dropped`, node, textOf(source, object))] : swapped
}

function anchors({ start, end }: SyntaxNode, text: string): readonly Change[] {
  const close = text.lastIndexOf('/')
  return [
    ...(text.startsWith('/^') ? [{ operator: 'anchor-dropped', start, end, text: `/${text.slice(2)}` }] : []),
    ...(text[close - 1] === '$' ? [{ operator: 'anchor-dropped', start, end, text: text.slice(0, close - 1) + text.slice(close) }] : []),
  ]
}

const isRegex = ({ regex }: SyntaxNode): boolean => typeof regex === 'object' && regex !== null
const isDirective = ({ directive }: SyntaxNode): boolean => typeof directive === 'string'

export const operators: readonly Operator[] = [conditions, binaries, negations, defaults, statements, literals, methods]
