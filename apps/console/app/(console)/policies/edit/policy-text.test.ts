// SPDX-License-Identifier: Apache-2.0
import { parsePolicyYaml } from '@casemate/policy/policy'
import { expect, it } from 'vitest'
import { addRule, emptyPolicyText, lineOf, readText, removeIn, setIn } from './policy-text.ts'

const written = `# why this is strict: the audit of May
format: casemate-policy-1
name: base
version: "3"
minRuntime: 0.1.0
rules:
  # nobody pastes
  - setting: clipboard-to-guest
    value: { maxTextBytes: 0 }
  - setting: teleport # not known here
    value: yes please
`

it('keeps comments and what it does not know through every edit of the form', () => {
  const edited = addRule(setIn(setIn(written, ['version'], '4'), ['rules', 0, 'value'], { maxTextBytes: 512 }), 'exit', 'suspend')
  for (const kept of ['# why this is strict: the audit of May', '# nobody pastes', 'teleport # not known here', 'version: "4"']) {
    expect(edited).toContain(kept)
  }
  expect(readText(edited)).toMatchObject({
    shown: { version: '4', rules: [{ value: { maxTextBytes: 512 } }, { setting: 'teleport' }, { setting: 'exit', value: 'suspend' }] },
  })
  expect(readText(removeIn(edited, ['rules', 1]))).toMatchObject({ shown: { rules: [{ setting: 'clipboard-to-guest' }, { setting: 'exit' }] } })
})

it('writes from nothing what the parser of policies accepts', () => {
  const text = setIn(addRule(emptyPolicyText, 'memory', { maxMiB: 512 }), ['rules', 0, 'locked'], true)
  expect(parsePolicyYaml(text)).toMatchObject({ name: 'base', version: '1', rules: [{ setting: 'memory', value: { maxMiB: 512 }, locked: true }] })
})

it('finds the line of a fault, or of what stands around it', () => {
  expect(lineOf(written, ['rules', 1, 'setting'])).toBe(10)
  expect(lineOf(written, ['rules', 0, 'value', 'missing'])).toBe(9)
  expect(lineOf(written, ['version'])).toBe(4)
  expect(lineOf(written, ['absent'])).toBe(null)
})

it('says where a text stops being YAML instead of showing half of it', () => {
  expect(readText('name: base\nrules: [\n')).toMatchObject({ line: expect.any(Number) })
  expect(readText('rules: {}\n')).toMatchObject({ message: expect.stringContaining('rules'), line: 1 })
})
