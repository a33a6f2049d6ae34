// SPDX-License-Identifier: Apache-2.0
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { referencePage } from '../reference/page.ts'
import { valueWords } from '../reference/value-words.ts'
import { catalogue, type SettingName, settingNames } from '../src/model/settings.ts'
import { values } from './arbitraries.ts'

it('is what generating it again would write, to the byte', () => {
  expect(readFileSync(join(import.meta.dirname, '../../../docs/policy-reference.md'), 'utf8')).toBe(referencePage())
})

function reads<N extends SettingName>(name: N) {
  const { capabilities, needs, value } = catalogue[name]

  it('names every capability that a value can need, and none where no value needs one', () => {
    const needed = new Set(fc.sample(values[name], 300).flatMap(capabilities))
    expect([...needed].every((one) => needs?.includes(`\`${one}\``))).toBe(true)
    expect(needed.size > 0).toBe(needs !== null)
  })

  it('says of every field what it means, but for the one that tells variants apart', () => {
    const { fields } = valueWords(value)
    expect(fields.filter(({ path, description }) => description === '' && !/(?:^|\.|\])(?:mode|protocol)$/.test(path))).toEqual([])
  })
}

describe.each(settingNames)('the reference of `%s`', (name) => reads(name))
