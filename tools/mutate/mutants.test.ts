// SPDX-License-Identifier: Apache-2.0
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { mutantsOf } from './mutants.ts'
import { reportOf, scoreOf, wordsOf } from './report.ts'
import { targetsOf } from './targets.ts'

const sources = (source: string) => mutantsOf(source).map((mutant) => mutant.source)

describe('mutants', () => {
  it.each([
    ['if (a) b()', ['if (true) b()', 'if (false) b()', 'if (a) ;']],
    ['while (a) b()', ['while (false) b()', 'while (a) ;']],
    ['x = a < b', [';', 'x = (a <= b)', 'x = (a >= b)']],
    ['x = a && b', [';', 'x = (a || b)', 'x = !(a) && b', 'x = a && !(b)']],
    ['x = !a', [';', 'x = a']],
    ['x = a ?? b', [';', 'x = a']],
    ['x = a?.b', [';', 'x = a.b']],
    ['x = [1]', [';', 'x = []', 'x = [(2)]']],
    ['x = [...a]', [';', 'x = []', 'x = [...[]]']],
    ['x = Math.min(a, b)', [';', 'x = Math.max(a, b)']],
    ['x = a.filter(f)', [';', 'x = a']],
    ['x = a.every(f)', [';', 'x = a.some(f)']],
    ['x = /^a$/', [';', 'x = /a$/', 'x = /^a/']],
    ["x = 'code'", [';', "x = ''"]],
    ['x = true', [';', 'x = false']],
    ['for (;;) { continue }', ['for (;;) { ; }']],
    ['try { a() } catch { throw b }', ['try { ; } catch { throw b }', 'try { a() } catch { ; }']],
  ])('of `%s` are exactly these', (source, expected) => {
    expect(sources(source).toSorted()).toEqual(expected.toSorted())
  })

  it('change one place of the source, and nothing in types, imports, names of members, or words for people', () => {
    expect(sources("import { a } from 'b'\ntype T = { a: 1 } | 'c'\nlet x: 'd' | 7\n")).toEqual([])
    expect(sources("x = { 'a': y }")).toEqual([';'])
    expect(sources("x = 'words for people'")).toEqual([';'])
    expect(sources(`x = \`a word \${y}\``)).toEqual([';'])
  })

  it('are a statement of their own where they begin a line', () => {
    expect(sources('a()\nb && c()')).toContain('a()\n;(b || c())')
  })

  it('name their line, and what was there', () => {
    expect(mutantsOf('f(\n  a < 2,\n)').find(({ operator }) => operator === '`<` to `<=`')).toMatchObject({ line: 2, was: 'a < 2', now: '(a <= 2)' })
  })

  it('are made of files that exist, for tests that exist', () => {
    const targets = targetsOf([])
    expect(targets.length).toBeGreaterThan(20)
    expect(targets.flatMap(({ file, tests }) => [file, ...tests]).filter((path) => !existsSync(join(import.meta.dirname, '../..', path)))).toEqual([])
    expect(targetsOf(['trust/lease']).map(({ file }) => file)).toEqual(['packages/policy/src/trust/lease.ts'])
  })
})

describe('the report of a file', () => {
  const mutant = { operator: 'negated', line: 3, was: 'a', now: '!(a)', source: '' }
  const report = reportOf('a.ts', [
    { mutant, outcome: 'killed' },
    { mutant, outcome: 'timed-out' },
    { mutant, outcome: 'survived' },
  ])

  it('counts what was noticed and names what was not', () => {
    expect([report.mutants, report.killed, report.timedOut.length, scoreOf([report])]).toEqual([3, 1, 1, 66.6])
    expect(wordsOf(report)).toBe('a.ts: 2 of 3 noticed (66.6 %), 1 of them by the time limit\n  a.ts:3 negated: a -> !(a)')
  })
})
