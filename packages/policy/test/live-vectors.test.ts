// SPDX-License-Identifier: Apache-2.0
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { parseStrictJson } from '../src/model/strict-json.ts'
import { allLiveVectors, liveVector, runLiveVector } from '../vectors/live-vectors.ts'
import { liveScenarios } from '../vectors/scenarios/live.ts'

const folder = join(import.meta.dirname, '../vectors/live')
const files = readdirSync(folder)

describe('live vectors', () => {
  it('are what generating them again would write, to the byte', () => {
    const generated = allLiveVectors()
    expect([...generated.keys()].sort()).toEqual([...files].sort())
    for (const [file, text] of generated) expect(readFileSync(join(folder, file), 'utf8'), file).toBe(text)
  })

  it.each(files)('hold when read from %s', (file) => {
    const { input, actions } = liveVector.parse(parseStrictJson(readFileSync(join(folder, file))))
    expect(runLiveVector(input)).toEqual(actions)
  })

  it('refuse a field that they do not know', () => {
    const text = readFileSync(join(folder, files[0] ?? ''), 'utf8')
    expect(() => liveVector.parse(JSON.parse(text))).not.toThrow()
    expect(() => liveVector.parse(JSON.parse(text.replace('"facts": {', '"facts": { "note": 1,')))).toThrow('note')
  })

  it('go on, for every suspension, where one second or one fact is another', () => {
    const suspended = liveScenarios.filter(({ expect: actions }) => actions.some(({ do: act }) => act === 'suspend'))
    expect(suspended.length).toBeGreaterThan(2)
    for (const { name, running } of suspended) {
      const twins = liveScenarios.filter((twin) => JSON.stringify(twin.running.layers) === JSON.stringify(running.layers))
      expect(
        twins.some(({ expect: actions }) => actions.every(({ do: act }) => act !== 'suspend')),
        name,
      ).toBe(true)
    }
  })
})
