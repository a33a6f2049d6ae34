// SPDX-License-Identifier: Apache-2.0
import type { PolicyDiff, RuleChange, RuleSide } from '@casemate/policy/diff'
import type { ReleaseDiff } from '@casemate/policy/release-diff'
import type { TextChange } from '@casemate/policy/text-changes'

/** What changes in a policy, for the terminal: one line a change, and under it what differs inside. */
export function policyDiffLines({ fields, rules, tests }: PolicyDiff): readonly string[] {
  const lines = [
    ...fields.map(textLine),
    ...rules.flatMap(ruleLines),
    ...tests.map((change) => textLine({ ...change, name: `test “${change.name}”` })),
  ]
  return lines.length === 0 ? ['nothing changes but order or spelling'] : lines
}

export function releaseDiffLines({ fields, layers }: ReleaseDiff): readonly string[] {
  const lines = [...fields, ...layers].map(textLine)
  return lines.length === 0 ? ['nothing changes but the serial'] : lines
}

const directionWords = {
  tightened: 'tightened',
  loosened: 'LOOSENED',
  other: 'CHANGED: allows something new and forbids something old',
  same: 'no effect by itself',
}

function ruleLines({ setting, when, kind, direction, before, after, details }: RuleChange): readonly string[] {
  const where = when === null ? setting : `${setting}, when ${when}`
  return [
    `${kind} ${where}: ${directionWords[direction]}`,
    ...(before === null ? [] : [`  - ${sideText(before, kind !== 'changed')}`]),
    ...(after === null ? [] : [`  + ${sideText(after, kind !== 'changed')}`]),
    ...details.map((detail) => `    ${detail}`),
  ]
}

/** The value itself beside the words where nothing else shows all of it. */
function sideText({ words, value, locked }: RuleSide, whole: boolean): string {
  return `${words}${whole ? ` (${value})` : ''}${locked ? ', locked' : ''}`
}

function textLine({ name, kind, before, after }: TextChange): string {
  if (kind === 'changed') return `${name}: ${before} → ${after}`
  return `${kind} ${name}: ${after ?? before}`
}
