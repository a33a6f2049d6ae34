// SPDX-License-Identifier: Apache-2.0
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { stringify } from 'yaml'
import { policyDocument } from '../../test/arbitraries.ts'
import { PolicyError } from '../error.ts'
import { parsePolicy, parsePolicyYaml, policyJsonSchema, writePolicy } from './policy.ts'
import { settingNames } from './settings.ts'

const yaml = (rules: string) => `format: casemate-policy-1\nname: office\nversion: "1"\nminRuntime: 0.1.0\nrules:\n${rules}`
const good = yaml('  - { setting: memory, value: { maxMiB: 256 } }\n')
const refuses = (text: string, code: string, words = '') => {
  expect(() => parsePolicyYaml(text)).toThrow(expect.objectContaining({ name: 'PolicyError', code }))
  expect(() => parsePolicyYaml(text)).toThrow(words)
  expect(parsePolicyYaml(good).rules).toHaveLength(1)
}

const zonesWhen = (when: object) =>
  JSON.stringify({
    ...{ format: 'casemate-policy-1', name: 'base', version: '1', minRuntime: '0.1.0' },
    rules: [{ setting: 'zones', value: { lists: [[]] }, when }],
  })

it('refuses zones that depend on the zone, and takes those that depend on something else', () => {
  expect(() => parsePolicy(zonesWhen({ network: ['office'] }))).toThrow(expect.objectContaining({ code: 'policy-invalid' }))
  expect(parsePolicy(zonesWhen({ groups: ['staff'] })).rules).toHaveLength(1)
})

describe('a policy', () => {
  it('reads the same from YAML and from JSON, with the defaults filled in', () => {
    const json =
      '{"format":"casemate-policy-1","name":"office","version":"1","minRuntime":"0.1.0","rules":[{"setting":"memory","value":{"maxMiB":256}}]}'
    expect(parsePolicy(json)).toEqual(parsePolicyYaml(good))
    expect(parsePolicy(json).rules).toEqual([{ setting: 'memory', value: { maxMiB: 256 }, locked: false, when: {} }])
    expect(parsePolicyYaml(json)).toEqual(parsePolicy(json))
  })

  it('round-trips through its canonical text and through YAML, whatever it holds', () => {
    fc.assert(
      fc.property(policyDocument, (document) => {
        expect(parsePolicy(writePolicy(document))).toEqual(document)
        expect(writePolicy(parsePolicy(writePolicy(document)))).toBe(writePolicy(document))
        expect(parsePolicyYaml(stringify(document))).toEqual(document)
      }),
    )
  })

  it('may carry comments in YAML', () => {
    expect(parsePolicyYaml(`# why\n${good}  # and so on\n`)).toEqual(parsePolicyYaml(good))
  })

  it('may name a schema for the editor, which is no part of what is approved', () => {
    const at = 'http://localhost:9090/policy.schema.json'
    const typed = [
      `# yaml-language-server: $schema=${at}\n${good}`,
      `$schema: ${at}\n${good}`,
      `{"$schema":"${at}",${writePolicy(parsePolicyYaml(good)).slice(1)}`,
    ]
    for (const text of typed) expect(writePolicy(parsePolicyYaml(text))).toBe(writePolicy(parsePolicyYaml(good)))
    expect(parsePolicyYaml(`$schema: ${'x'.repeat(1024)}\n${good}`)).toEqual(parsePolicyYaml(good))
    refuses(`$schema: ${'x'.repeat(1025)}\n${good}`, 'policy-invalid', '$schema')
    refuses(`$schema: 1\n${good}`, 'policy-invalid', '$schema')
    expect(() => parsePolicy(typed[2] ?? '')).toThrow(expect.objectContaining({ code: 'policy-invalid' }))
  })

  it.each([
    ['an unknown setting', yaml('  - { setting: colour, value: 1 }\n'), 'policy-invalid', 'rules[0].setting'],
    ['an unknown field', `${good}note: x\n`, 'policy-invalid', 'note'],
    ['an unknown field of a rule', yaml('  - { setting: memory, value: { maxMiB: 256 }, lock: true }\n'), 'policy-invalid', 'lock'],
    ['an unknown condition', yaml('  - { setting: memory, value: { maxMiB: 256 }, when: { moon: full } }\n'), 'policy-invalid', 'moon'],
    ['a value of another type', yaml('  - { setting: memory, value: { maxMiB: "256" } }\n'), 'policy-invalid', 'maxMiB'],
    [
      'an address block with bits beyond its prefix',
      yaml('  - { setting: network, value: { mode: listed, allow: [{ protocol: tcp, cidr: 10.0.0.1/8, ports: null }] } }\n'),
      'policy-invalid',
      'cidr',
    ],
    ['a repeated key', yaml('  - { setting: memory, setting: memory, value: { maxMiB: 256 } }\n'), 'yaml-invalid', 'unique'],
    ['an anchor', yaml('  - &one { setting: memory, value: { maxMiB: 256 } }\n'), 'yaml-invalid', 'anchor'],
    ['an alias', `${yaml('  - &one { setting: memory, value: { maxMiB: 256 } }\n')}  - *one\n`, 'yaml-invalid', 'expected YAML without'],
    ['a tag', yaml('  - !!map { setting: memory, value: { maxMiB: 256 } }\n'), 'yaml-invalid', 'tag'],
    ['a second document', `${good}---\n${good}`, 'yaml-invalid', 'documents'],
    [
      'a date where a text is due',
      yaml('  - { setting: expiry, value: { afterDays: null, lastDay: 2027-13-01, warnDays: 0 } }\n'),
      'policy-invalid',
      'lastDay',
    ],
    ['not a number', yaml('  - { setting: memory, value: { maxMiB: .nan } }\n'), 'json-invalid', 'NaN'],
    ['a key that is no text', yaml('  - { setting: memory, value: { 1: 2, [3]: 4 } }\n'), 'yaml-invalid', 'keys'],
    ['deep nesting', `${yaml('')}  - ${'['.repeat(200)}${']'.repeat(200)}\n`, 'json-depth', 'levels'],
    ['nesting deep enough to exhaust a parser', `${yaml('')}  - ${'['.repeat(20_000)}`, 'yaml-invalid', ''],
    ['a text beyond the limit', `${good}#${'x'.repeat(1_048_576)}`, 'json-size', '1048576'],
    ['another format', good.replace('policy-1', 'policy-2'), 'policy-invalid', 'format'],
  ])('is refused with %s', (_what, text, code, words) => refuses(text, code, words))

  it('is refused in JSON with a repeated key, and read without', () => {
    const json = writePolicy(parsePolicyYaml(good))
    expect(() => parsePolicy(json.replace('{"format"', '{"format":"casemate-policy-1","format"'))).toThrow(
      expect.objectContaining({ code: 'json-duplicate-key' }),
    )
    expect(parsePolicy(json).name).toBe('office')
  })

  it('is never read from random text, and nothing but a PolicyError comes of it', () => {
    fc.assert(
      fc.property(fc.oneof(fc.string(), fc.string({ unit: fc.constantFrom(...'-: {}[]&*!|>\n\t"#,a1~') })), (text) => {
        expect(() => parsePolicyYaml(text)).toThrow(PolicyError)
        expect(() => parsePolicy(text)).toThrow(PolicyError)
      }),
      { numRuns: 1000 },
    )
  })

  it('has a JSON Schema that names every setting', () => {
    const schema = JSON.stringify(policyJsonSchema())
    for (const name of settingNames) expect(schema).toContain(`"const":"${name}"`)
    expect(schema).toContain('"additionalProperties":false')
    expect(policyJsonSchema()).toMatchObject({ properties: { $schema: { type: 'string' } }, required: expect.not.arrayContaining(['$schema']) })
  })
})
