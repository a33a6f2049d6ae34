// SPDX-License-Identifier: Apache-2.0
import { describe, expect, it } from 'vitest'
import { parsePolicy, parsePolicyYaml, writePolicy } from '../model/policy.ts'
import { checkPolicyTests, runPolicyTests } from './run-policy-tests.ts'

const head = `format: casemate-policy-1
name: office
version: "3"
minRuntime: 0.2.0
rules:
  - {setting: network, value: {mode: listed, allow: [{protocol: tcp, cidr: 192.0.2.0/24, ports: [443, 443]}]}}
  - {setting: network, value: {mode: none}, when: {groups: [contractors], network: [cafe]}}
  - {setting: memory, value: {maxMiB: 512}, when: {runtimeVersion: {atLeast: 0.3.0}}}
  - {setting: exit, value: suspend, when: {time: {before: "2027-01-01T00:00:00Z"}}}
tests:
`
const policyWith = (...tests: readonly string[]) => parsePolicyYaml(head + tests.map((test) => `  - ${test}\n`).join(''))
const failures = (test: string) => runPolicyTests(policyWith(test)).map(({ setting, found }) => [setting, found])
const listed = 'network: {mode: listed, allow: [{protocol: tcp, cidr: 192.0.2.0/24, ports: [443, 443]}]}'

describe('tests in a policy', () => {
  it.each([
    [`{name: a contractor in a cafe, given: {groups: [contractors], network: cafe}, expect: {network: {mode: none}}}`],
    [`{name: a contractor somewhere unknown, given: {groups: [contractors]}, expect: {network: {mode: none}}}`],
    [`{name: a contractor in the office, given: {groups: [contractors], network: office}, expect: {${listed}}}`],
    [`{name: staff in a cafe, given: {groups: [staff], network: cafe}, expect: {${listed}}}`],
    [`{name: the least runtime, expect: {memory: {maxMiB: null}}}`],
    [`{name: a later runtime, given: {runtimeVersion: 0.3.0}, expect: {memory: {maxMiB: 512}, serial-port: none}}`],
    [`{name: this year, given: {time: "2026-12-31T23:59:59Z"}, expect: {exit: suspend}}`],
    [`{name: the next year, given: {time: "2027-01-01T00:00:00Z"}, expect: {exit: power-off}}`],
  ])('hold: %s', (test) => expect(failures(test)).toEqual([]))

  it.each([
    [`{name: a contractor in a cafe, given: {groups: [contractors], network: cafe}, expect: {${listed}}}`, 'network', 'none'],
    [`{name: staff, given: {groups: [staff]}, expect: {network: {mode: none}}}`, 'network', 'only tcp 192.0.2.0/24 port 443'],
    [`{name: the least runtime, expect: {memory: {maxMiB: 512}}}`, 'memory', 'what the machine asks for'],
    [`{name: what nothing says, expect: {serial-port: captured}}`, 'serial-port', 'none'],
    [`{name: some year, expect: {exit: suspend}}`, 'exit', 'a rule that depends on the time: give one'],
  ])('fail: %s', (test, setting, found) => expect(failures(test)).toEqual([[setting, found]]))

  it('are all named where they fail, and do not stop a document of which they hold', () => {
    const wrong = ['{name: one, expect: {memory: {maxMiB: 16}}}', '{name: two, expect: {serial-port: captured, check-in: 60}}']
    expect(() => checkPolicyTests(policyWith(...wrong))).toThrow(
      expect.objectContaining({
        code: 'policy-test-failed',
        message: expect.stringMatching(/“one”.+`memory`.+“two”.+`check-in`.+“two”.+`serial-port`/),
      }),
    )
    expect(() => checkPolicyTests(policyWith('{name: one, expect: {memory: {maxMiB: null}}}'))).not.toThrow()
  })

  it.each([
    '{name: nothing, expect: {}}',
    '{expect: {memory: {maxMiB: 16}}}',
    '{name: x, expect: {colour: red}}',
    '{name: x, given: {user: ada}, expect: {exit: user}}',
  ])('are refused as part of the document: %s', (test) => expect(() => policyWith(test)).toThrow(expect.objectContaining({ code: 'policy-invalid' })))

  it('are approved with the document, and a document without them is written as before', () => {
    const document = policyWith('{name: one, expect: {memory: {maxMiB: null}}}')
    expect(parsePolicy(writePolicy(document))).toEqual(document)
    const bare = parsePolicyYaml(head.replace('tests:\n', ''))
    expect(writePolicy(bare)).not.toContain('tests')
  })
})
