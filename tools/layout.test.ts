// SPDX-License-Identifier: Apache-2.0
//
// The architecture as tests: what may import what, what a folder may be called, what the client must not contain.
import { execFileSync } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import { dirname, join, normalize } from 'node:path'
import { describe, expect, it } from 'vitest'

const root = join(import.meta.dirname, '..')
const files = execFileSync('git', ['ls-files', '-co', '--exclude-standard', '-z'], { cwd: root, encoding: 'utf8' })
  .split('\0')
  .filter((path) => path !== '' && existsSync(join(root, path)))
const code = files.filter((path) => /\.[cm]?tsx?$/.test(path) || /\.mjs$/.test(path))
const read = (path: string) => readFileSync(join(root, path), 'utf8')
const isTest = (path: string) => /(^|\/)(test|vectors|reference|bench)\/|\.test\.tsx?$/.test(path)

function importsOf(path: string): readonly string[] {
  const text = read(path)
  const patterns = [
    /^import\s+(?:[^'"]*?\sfrom\s+)?['"]([^'"\n]+)['"]/gm,
    /^export\s[^'"]*?\sfrom\s+['"]([^'"\n]+)['"]/gm,
    /\bimport\(\s*['"]([^'"]+)['"]/g,
  ]
  return patterns.flatMap((pattern) => [...text.matchAll(pattern)].map((match) => match[1] ?? ''))
}

const packageOf = (path: string) => path.split('/').slice(0, 2).join('/')
const exportsOf = (folder: string): Readonly<Record<string, string>> => JSON.parse(read(`${folder}/package.json`)).exports ?? {}

/** A path in this checkout, or the specifier itself for what comes from outside. */
function resolve(from: string, specifier: string): string {
  if (specifier.startsWith('.')) return normalize(join(dirname(from), specifier))
  const own = /^@casemate\/([a-z0-9-]+)\/(.+)$/.exec(specifier)
  if (own === null) return specifier
  const folder = ['packages', 'apps'].map((parent) => `${parent}/${own[1]}`).find((path) => existsSync(join(root, path)))
  const target = folder === undefined ? undefined : exportsOf(folder)[`./${own[2]}`]
  return folder === undefined || target === undefined ? specifier : normalize(join(folder, target))
}

function reachableFrom(entries: readonly string[]): ReadonlySet<string> {
  const seen = new Set<string>()
  const open = [...entries]
  for (let path = open.pop(); path !== undefined; path = open.pop()) {
    if (seen.has(path)) continue
    seen.add(path)
    if (existsSync(join(root, path)) && /\.[cm]?tsx?$/.test(path)) open.push(...importsOf(path).map((name) => resolve(path, name)))
  }
  return seen
}

describe('import directions', () => {
  const allowed: Readonly<Record<string, readonly string[]>> = {
    'packages/engine': [],
    'packages/policy': [],
    'packages/vm-package': [],
    'apps/console': ['packages/policy', 'packages/vm-package', 'packages/engine'],
    'apps/client-runtime': ['packages/policy', 'packages/vm-package', 'packages/engine'],
  }
  for (const [from, targets] of Object.entries(allowed)) {
    it(`${from} imports only ${targets.length > 0 ? targets.join(', ') : 'itself'}`, () => {
      const wrong = code
        .filter((path) => packageOf(path) === from && !isTest(path))
        .flatMap((path) => importsOf(path).map((name) => [path, resolve(path, name)] as const))
        .filter(([, target]) => /^(packages|apps|tools|e2e|bench)\//.test(target) || target.startsWith('@casemate/'))
        .filter(([, target]) => packageOf(target) !== from && !targets.includes(packageOf(target)))
        .map(([path, target]) => `${path} -> ${target}`)
      expect(wrong).toEqual([])
    })
  }

  it('packages/policy touches no file, network or process', () => {
    const wrong = code
      .filter((path) => packageOf(path) === 'packages/policy' && !isTest(path))
      .flatMap((path) =>
        importsOf(path)
          .filter((name) => name.startsWith('node:'))
          .map((name) => `${path} -> ${name}`),
      )
    expect(wrong).toEqual([])
  })

  it('only tests use the fake engine', () => {
    const users = code.filter((path) => !isTest(path) && importsOf(path).some((name) => resolve(path, name).startsWith('packages/engine/src/fake/')))
    expect(users.filter((path) => !path.startsWith('packages/engine/src/fake/'))).toEqual([])
  })

  it('only the token wrapper calls jose', () => {
    const callers = code.filter((path) => !isTest(path) && importsOf(path).some((name) => name === 'jose' || name.startsWith('jose/')))
    expect(callers.filter((path) => path !== 'packages/policy/src/trust/token.ts')).toEqual([])
  })

  it('the client runtime reaches no sealing, organisation-key, approver-key or TUF-writing code', () => {
    const entries = code.filter((path) => packageOf(path) === 'apps/client-runtime' && !isTest(path))
    const forbidden = [
      /^packages\/vm-package\/src\/(seal|keys)\.ts$/,
      /^packages\/policy\/src\/trust\/(sealed-key|escrow-open)\.ts$/,
      /^@tufjs\/models/,
      /^apps\/console\//,
    ]
    const reached = [...reachableFrom(entries)].filter((path) => forbidden.some((pattern) => pattern.test(path)))
    expect(entries.length).toBeGreaterThan(0)
    expect(reached).toEqual([])
  })
})

describe('the tree', () => {
  it('has no folder whose name says nothing', () => {
    const names = /(^|\/)(utils?|lib|libs|helpers?|common|core|misc|services|types|shared)\//
    expect(files.filter((path) => names.test(path))).toEqual([])
  })

  it('has no barrel', () => {
    const reExportsOnly = (path: string) => {
      const lines = read(path)
        .replace(/\/\*[\s\S]*?\*\/|\/\/.*$/gm, '')
        .split('\n')
        .filter((line) => line.trim() !== '')
      return lines.length > 0 && lines.every((line) => /^export\s+(\*|(type\s+)?\{).*from\s/.test(line))
    }
    expect(code.filter(reExportsOnly)).toEqual([])
  })

  it('says under which licence each source file stands', () => {
    const missing = code.filter((path) => !read(path).split('\n').slice(0, 3).join('\n').includes('SPDX-License-Identifier: Apache-2.0'))
    expect(missing).toEqual([])
  })

  it('holds no binary and no download address in the lock file', () => {
    expect(files.filter((path) => /\.(wasm|node|so|exe|iso|qcow2|img|raw|bin|deb|zst|gz)$/.test(path))).toEqual([])
    expect(read('package-lock.json')).not.toMatch(/"resolved":\s*"https?:/)
  })
})

describe('docs/claims.md', () => {
  const rows = read('docs/claims.md')
    .split('\n')
    .filter((line) => line.startsWith('| ') && !/^\| (claim|-+)/.test(line))

  it('has rows', () => expect(rows.length).toBeGreaterThan(0))

  it('points each claim at a test that exists, or says that it is not tested', () => {
    const wrong = rows.filter((row) => {
      const proof = row.split('|')[2]?.trim() ?? ''
      if (proof === 'not tested') return false
      return !namesTests(proof)
    })
    expect(wrong).toEqual([])
  })
})

describe('docs/trust.md', () => {
  const text = read('docs/trust.md')
  const letters = new Map([...text.matchAll(/\b([A-Z]) is `([^`]+)`/g)].map(([, letter = '', path = '']) => [letter, path]))
  // A step is an item of a list with the lines that go on under it.
  const steps = text.split(/\n(?=- |[0-9]+\. |\n|#)/).filter((part) => /^(- \*\*|[0-9]+\. \*\*)/.test(part))

  it('names a test for every step of a ceremony and of a recovery', () => {
    expect(steps.length).toBeGreaterThan(15)
    const untested = steps.filter((step) => !/Tested\s+by\s/.test(step) && !/As root keys lost at the threshold/.test(step))
    expect(untested).toEqual([])
  })

  it('names tests that exist, with the titles that they have', () => {
    const wrong = steps.flatMap((step) => {
      const proof = (step.split(/Tested\s+by\s/)[1] ?? '').replaceAll(/\s+/g, ' ')
      return [...proof.matchAll(/(?:\b([A-Z])\b|`([^`]+\.test\.ts)`)(?: \(((?:"[^"]+"(?:, )?)+)\))?/g)].flatMap(
        ([, letter = '', path, quoted = '']) => {
          const file = path ?? letters.get(letter) ?? ''
          if (!isTest(file) || !existsSync(join(root, file))) return [`${letter}${path ?? ''} of: ${step}`]
          const titles = [...quoted.matchAll(/"([^"]+)"/g)].map(([, title = '']) => title)
          return titles.filter((title) => !read(file).includes(title)).map((title) => `${file}: ${title}`)
        },
      )
    })
    expect(wrong).toEqual([])
  })
})

describe('docs/security.md', () => {
  const rows = read('docs/security.md')
    .split('## Attacks and what stops them')[1]
    ?.split('\n## ')[0]
    ?.split('\n')
    .filter((line) => line.startsWith('| ') && !/^\| (attack|-+)/.test(line))

  it('names for each attack a test that exists', () => {
    expect(rows?.length).toBeGreaterThan(20)
    expect(rows?.filter((row) => !namesTests(row.split('|')[3] ?? ''))).toEqual([])
    expect([namesTests('`docs/security.md`'), namesTests('none')]).toEqual([false, false])
  })
})

/** Whether a cell of a table names tests, and each of them exists. */
function namesTests(cell: string): boolean {
  const paths = [...cell.matchAll(/`([^`]+)`/g)].map((match) => match[1] ?? '')
  return paths.length > 0 && paths.every((path) => existsSync(join(root, path)) && (isTest(path) || path.startsWith('e2e/')))
}
