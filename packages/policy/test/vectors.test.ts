// SPDX-License-Identifier: Apache-2.0
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { reasonCodes } from '../src/decision/reasons.ts'
import { settingNames } from '../src/model/settings.ts'
import { parseStrictJson } from '../src/model/strict-json.ts'
import { allVectors, runVector, scenarios } from '../vectors/build.ts'
import { inputOf, vector } from '../vectors/scenario.ts'
import { faultless, faults, layers, tooLarge } from '../vectors/scenarios/order.ts'

const folder = join(import.meta.dirname, '../vectors/decide')
const files = readdirSync(folder)
const read = (file: string) => vector.parse(parseStrictJson(readFileSync(join(folder, file))))

describe('decision vectors', () => {
  it('are what generating them again would write, to the byte', () => {
    const generated = allVectors()
    expect([...generated.keys()].sort()).toEqual([...files].sort())
    for (const [file, text] of generated) expect(readFileSync(join(folder, file), 'utf8'), file).toBe(text)
  })

  it.each(files)('hold when read from %s', (file) => {
    const { input, decision } = read(file)
    expect(runVector(input)).toEqual(decision)
  })

  it('refuse a field that they do not know', () => {
    const [file = ''] = files
    const text = readFileSync(join(folder, file), 'utf8')
    expect(() => vector.parse(JSON.parse(text))).not.toThrow()
    expect(() => vector.parse({ ...JSON.parse(text), note: 'x' })).toThrow('note')
    expect(() => vector.parse(JSON.parse(text.replace('"facts": {', '"facts": { "note": 1,')))).toThrow('note')
  })

  it('cover every reason but those that no document can cause', () => {
    const covered = new Set(files.map(read).flatMap(({ decision }) => (decision.allowed ? [] : decision.reasons.map(({ code }) => code))))
    expect(reasonCodes.filter((code) => !covered.has(code))).toEqual(['eula-not-accepted', 'policy-too-large', 'update-due', 'decision-failed'])
  })

  it('set every setting somewhere', () => {
    const set = new Set(
      files.map(read).flatMap(({ input }) => input.policies.flatMap(({ document }) => document.rules.map(({ setting }) => setting))),
    )
    // Decided by the console: `activation-vectors.test.ts`. Read by the daemon: `settingOf`.
    expect(settingNames.filter((name) => !set.has(name))).toEqual(['activation', 'activation-users', 'activation-instances', 'check-in'])
  })

  it('have a twin that runs for every refusal: the same policies without its fault, or the same input under other policies', () => {
    const refusals = scenarios.filter(({ expect: expected }) => typeof expected === 'string')
    expect(refusals.length).toBeGreaterThan(50)
    for (const { name, layers: own, change } of refusals) {
      const policies = own === undefined ? {} : { layers: own }
      const twins = [
        inputOf(policies),
        inputOf({ ...policies, change: faultless }),
        ...(own === undefined ? [] : [inputOf(change === undefined ? {} : { change })]),
      ]
      expect(
        twins.some((twin) => runVector(twin).allowed),
        name,
      ).toBe(true)
    }
  })
})

describe('the order of the checks', () => {
  const codesOf = (...changes: readonly (typeof faultless)[]) => {
    const decision = runVector(inputOf({ layers, change: (input) => [faultless, ...changes].forEach((change) => void change(input)) }))
    return decision.allowed ? [] : decision.reasons.map(({ code }) => code)
  }

  it('names each fault where it is the only one, and nothing where there is none', () => {
    expect(codesOf()).toEqual([])
    for (const [code, change] of faults) expect(codesOf(change)).toEqual([code])
  })

  it('names too many rules where they are the only fault, and at their place beside others', () => {
    expect(codesOf(tooLarge.change)).toEqual(['policy-too-large'])
    const at = (code: string) => faults.find(([found]) => found === code)?.[1] ?? faultless
    expect(codesOf(tooLarge.change, at(tooLarge.after))).toEqual([tooLarge.after])
    expect(codesOf(at(tooLarge.before), tooLarge.change)).toEqual(['policy-too-large'])
  })

  it('leaves out of them only what cannot stand beside others', () => {
    const listed = new Set<string>(faults.map(([code]) => code))
    expect(reasonCodes.filter((code) => !listed.has(code))).toEqual(['eula-not-accepted', 'policy-too-large', 'update-due', 'decision-failed'])
  })

  it('names the earlier of any two faults', () => {
    for (const [index, [earlier, first]] of faults.entries()) {
      for (const [later, second] of faults.slice(index + 1)) expect(codesOf(second, first), `${earlier} and ${later}`).toEqual([earlier])
    }
  })
})
