// SPDX-License-Identifier: Apache-2.0
import { execFile } from 'node:child_process'
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { currentProgram } from '../../packages/engine/src/built-program.ts'
import { buildProgram } from './build.ts'

const run = promisify(execFile)

describe('a bundled program', () => {
  let folder: string
  const bundle = () => join(folder, 'dist/program.mjs')
  const said = async (entry: string) => (await run(process.execPath, ['--disable-warning=ExperimentalWarning', entry])).stdout
  const part = "export const part: string = 'one'\n"

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'program-'))
    const npm = join(folder, 'node_modules/thing')
    await mkdir(npm, { recursive: true })
    await writeFile(join(npm, 'package.json'), JSON.stringify({ name: 'thing', version: '1.0.0', main: 'thing.js' }))
    await writeFile(join(npm, 'thing.js'), "exports.thing = require('node:path').basename('a/thing')\n")
    await mkdir(join(folder, 'src/deep'), { recursive: true })
    await writeFile(join(folder, 'src/deep/part.ts'), part)
    const places = 'console.log(JSON.stringify([part, thing, import.meta.dirname, import.meta.url]))'
    await writeFile(join(folder, 'src/main.ts'), `import { thing } from 'thing'\nimport { part } from './deep/part.ts'\n${places}\n`)
    await buildProgram(join(folder, 'src/main.ts'), bundle())
  })

  afterAll(() => rm(folder, { recursive: true }))

  it('does what its sources do, and finds the places that they find', async () => {
    const [own, source] = [await said(bundle()), await said(join(folder, 'src/main.ts'))]
    expect(JSON.parse(own).slice(0, 2)).toEqual(['one', 'thing'])
    expect(own).toBe(source)
  })

  it.each([
    ['a source was changed', 'src/deep/part.ts', part.replace('one', 'two')],
    ['a package of npm is another version', 'node_modules/thing/package.json', '{"name": "thing", "version": "1.0.1"}'],
    ['a source is gone', 'src/main.ts', null],
    ['it was cut within its head', 'dist/program.mjs', '// casemate-program-1 {"../src/main'],
    ['it names no source', 'dist/program.mjs', '// casemate-program-1 {}\n'],
    ['it was bundled in another way', 'dist/program.mjs', '// casemate-program-0 {}\n'],
    ['it is not there', 'dist/program.mjs', null],
  ])('is not current once %s, and is again when that is undone', async (_what, path, text) => {
    const file = join(folder, path)
    const before = await readFile(file)
    if (text === null) await rm(file)
    else await writeFile(file, text)
    expect(await currentProgram(bundle())).toBeNull()
    await writeFile(file, before)
    expect(await currentProgram(bundle())).toBe(bundle())
  })
})
