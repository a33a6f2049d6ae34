// SPDX-License-Identifier: Apache-2.0
//
// The text is the policy; the form is a view of it. Each edit of the form changes one node of the parsed text, so that comments, order
// and whatever the form does not know stay as they were written.
import { isMap, isScalar, isSeq, LineCounter, parseDocument } from 'yaml'

const options = { version: '1.2', schema: 'core', strict: true, uniqueKeys: true, stringKeys: true, merge: false } as const

export type Path = readonly (string | number)[]

export interface ShownRule {
  readonly setting: string
  readonly value: unknown
  readonly locked: boolean
  readonly when: unknown
}

export interface ShownPolicy {
  readonly name: string
  readonly version: string
  readonly minRuntime: string
  readonly rules: readonly ShownRule[]
}

export type ReadText = { readonly shown: ShownPolicy } | { readonly message: string; readonly line: number | null }

export const emptyPolicyText = `format: casemate-policy-1
name: base
version: "1"
minRuntime: 0.1.0
rules: []
`

/** What the form can show of a text; the first fault where it is no YAML, or not of a policy's shape. */
export function readText(text: string): ReadText {
  const document = parseDocument(text, options)
  const problem = document.errors[0]
  if (problem !== undefined) return { message: problem.message.split('\n')[0] ?? 'not YAML', line: problem.linePos?.[0].line ?? null }
  const value: unknown = document.toJS({ maxAliasCount: 0 })
  if (!isRecord(value)) return { message: 'expected a policy: a list of names with values', line: 1 }
  if (!Array.isArray(value.rules)) return { message: 'expected `rules` to be a list', line: lineOf(text, ['rules']) }
  const rules: unknown[] = value.rules
  const [name, version, minRuntime] = [textOf(value.name), textOf(value.version), textOf(value.minRuntime)]
  return { shown: { name, version, minRuntime, rules: rules.map(readRule) } }
}

/** @param text must be readable. */
export function setIn(text: string, path: Path, value: unknown): string {
  const document = parseDocument(text, options)
  document.setIn(path, document.createNode(value))
  return document.toString({ lineWidth: 0 })
}

export function removeIn(text: string, path: Path): string {
  const document = parseDocument(text, options)
  document.deleteIn(path)
  return document.toString({ lineWidth: 0 })
}

export function addRule(text: string, setting: string, value: unknown): string {
  const document = parseDocument(text, options)
  const rules = document.get('rules')
  // `rules: []` is written in one line; with rules it is a list.
  if (isSeq(rules)) rules.flow = false
  document.addIn(['rules'], document.createNode({ setting, value }))
  return document.toString({ lineWidth: 0 })
}

/** Line (from 1) of the nearest node at or above `path`; null where nothing of it is written. */
export function lineOf(text: string, path: Path): number | null {
  const lines = new LineCounter()
  const document = parseDocument(text, { ...options, lineCounter: lines })
  for (let length = path.length; length > 0; length -= 1) {
    const parent: unknown = length === 1 ? document.contents : document.getIn(path.slice(0, length - 1), true)
    const last = path[length - 1]
    const pair = isMap(parent) ? parent.items.find(({ key }) => isScalar(key) && key.value === last) : undefined
    const found: unknown = pair === undefined ? document.getIn(path.slice(0, length), true) : pair.key
    const offset = isNode(found) ? found.range?.[0] : undefined
    if (offset !== undefined) return lines.linePos(offset).line
  }
  return null
}

function readRule(rule: unknown): ShownRule {
  if (!isRecord(rule)) return { setting: '', value: rule, locked: false, when: undefined }
  return { setting: textOf(rule.setting), value: rule.value, locked: rule.locked === true, when: rule.when }
}

const isRecord = (value: unknown): value is Record<string, unknown> => value !== null && typeof value === 'object' && !Array.isArray(value)
const isNode = (value: unknown): value is { readonly range?: readonly number[] } => value !== null && typeof value === 'object' && 'range' in value
const textOf = (value: unknown): string => (typeof value === 'string' || typeof value === 'number' ? String(value) : '')
