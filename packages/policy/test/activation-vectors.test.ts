// SPDX-License-Identifier: Apache-2.0
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { parseStrictJson } from '../src/model/strict-json.ts'
import { type ActivationAttempt, decideActivation } from '../src/trust/activation.ts'
import { activationVector, allActivationVectors } from '../vectors/activation-vectors.ts'
import { activationScenarios } from '../vectors/scenarios/activation.ts'

const folder = join(import.meta.dirname, '../vectors/activation')
const files = readdirSync(folder)

describe('activation vectors', () => {
  it('are what generating them again would write, to the byte', () => {
    const generated = allActivationVectors()
    expect([...generated.keys()].sort()).toEqual([...files].sort())
    for (const [file, text] of generated) expect(readFileSync(join(folder, file), 'utf8'), file).toBe(text)
  })

  it.each(files)('hold when read from %s', (file) => {
    const { input, decision } = activationVector.parse(parseStrictJson(readFileSync(join(folder, file))))
    expect(decideActivation(input)).toEqual(decision)
  })

  it('refuse a field that they do not know', () => {
    const text = readFileSync(join(folder, files[0] ?? ''), 'utf8')
    expect(() => activationVector.parse(JSON.parse(text))).not.toThrow()
    expect(() => activationVector.parse(JSON.parse(text.replace('"claims": {', '"claims": { "note": 1,')))).toThrow('note')
  })

  it('differ from their twin in one thing, with which it is allowed, or refused for the next reason', () => {
    const byName = new Map(activationScenarios.map((scenario) => [scenario.name, scenario]))
    for (const { name, attempt, expect: wanted } of activationScenarios) {
      if (!('refused' in wanted)) continue
      const twin = byName.get(wanted.twin)
      expect(differences(attempt, twin?.attempt), name).toHaveLength(1)
      if (!name.startsWith('order-')) expect(twin?.expect, name).toHaveProperty('usesKey')
      else expect(twin?.expect, name).not.toHaveProperty('refused', wanted.refused)
    }
  })
})

function differences(one: ActivationAttempt, other: ActivationAttempt | undefined): readonly string[] {
  const parts = (attempt: ActivationAttempt | undefined): readonly (readonly [string, unknown])[] =>
    attempt === undefined ? [] : Object.entries({ ...attempt, ...attempt.settings, settings: null })
  const others = new Map(parts(other))
  return parts(one).flatMap(([part, value]) => (JSON.stringify(value) === JSON.stringify(others.get(part)) ? [] : part))
}
