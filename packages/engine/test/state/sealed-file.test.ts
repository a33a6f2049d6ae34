// SPDX-License-Identifier: Apache-2.0
import { mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { headerLength, segmentLength } from '../../src/state/format.ts'
import { openState } from '../../src/state/open.ts'
import { sealState } from '../../src/state/seal.ts'
import type { StateFile } from '../../src/virtual-machine.ts'

const plain = Buffer.from('the memory of a machine '.repeat(30_000))
let folder: string

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'casemate-state-'))
})
afterAll(() => rm(folder, { recursive: true }))

const stateFile = (name: string): StateFile => ({ path: join(folder, name), key: new Uint8Array(32).fill(1), binding: 'package 1' })

async function readAll(file: StateFile): Promise<Buffer> {
  const pieces: Uint8Array[] = []
  for await (const piece of await openState(file)) pieces.push(piece)
  return Buffer.concat(pieces)
}

describe('a sealed state file', () => {
  it('gives back what was sealed and shows none of it', async () => {
    const file = stateFile('whole')
    await sealState(file, [plain])
    expect((await readAll(file)).equals(plain)).toBe(true)
    expect((await readFile(file.path)).includes('memory of a machine')).toBe(false)
    expect((await stat(file.path)).mode & 0o777).toBe(0o600)
  })

  it('is never the same bytes twice', async () => {
    const file = stateFile('twice')
    await sealState(file, [plain])
    const first = await readFile(file.path)
    await sealState(file, [plain])
    expect((await readFile(file.path)).subarray(0, 4096).equals(first.subarray(0, 4096))).toBe(false)
  })

  it('names a mismatch when it was sealed for another binding, and says altered when the key is another', async () => {
    const file = stateFile('bound')
    await sealState(file, [plain])
    await expect(openState({ ...file, binding: 'package 2' })).rejects.toMatchObject({ code: 'state-mismatch' })
    await expect(openState({ ...file, key: new Uint8Array(32).fill(2) })).rejects.toMatchObject({ code: 'state-altered' })
    expect((await readAll(file)).equals(plain)).toBe(true)
  })

  it.each([0, 20, 50, headerLength - 1, headerLength, 300_000, -1])(
    'is refused before any byte is given out when the byte at %i is altered',
    async (offset) => {
      const file = stateFile('altered')
      await sealState(file, [plain])
      const bytes = await readFile(file.path)
      const index = offset < 0 ? bytes.length + offset : offset
      bytes[index] = (bytes[index] ?? 0) ^ 128
      await writeFile(file.path, bytes)
      await expect(openState(file)).rejects.toMatchObject({ code: 'state-altered' })
    },
  )

  it('is refused before any byte is given out when it is cut, grown, out of order or partly another one; as it was, it opens', async () => {
    const [file, other] = [stateFile('faults'), stateFile('another')]
    const large = Buffer.alloc(3 * segmentLength, 'memory ')
    for (const each of [file, other]) await sealState(each, [large])
    const [whole, foreign] = [await readFile(file.path), await readFile(other.path)]
    const second = headerLength + segmentLength + 16
    const changes: readonly Buffer[] = [
      whole.subarray(0, -1),
      whole.subarray(0, second),
      Buffer.concat([whole, Buffer.alloc(1)]),
      Buffer.concat([whole.subarray(0, headerLength), whole.subarray(second, 2 * second - headerLength), whole.subarray(headerLength)]),
      Buffer.concat([foreign.subarray(0, headerLength), whole.subarray(headerLength)]),
      Buffer.concat([whole.subarray(0, second), foreign.subarray(second)]),
    ]
    for (const [index, changed] of changes.entries()) {
      await writeFile(file.path, changed)
      await expect(openState(file), `change ${index}`).rejects.toMatchObject({ code: 'state-altered' })
    }
    await writeFile(file.path, whole)
    expect((await readAll(file)).equals(large)).toBe(true)
  })

  it('is refused when it is missing or shorter than a header', async () => {
    await expect(openState(stateFile('missing'))).rejects.toMatchObject({ code: 'state-altered' })
    const file = stateFile('short')
    await writeFile(file.path, 'casemate-state-1')
    await expect(openState(file)).rejects.toMatchObject({ code: 'state-altered' })
  })

  it('gives out no foreign byte when it is changed between the check and the reading', async () => {
    const file = stateFile('raced')
    await sealState(file, [plain])
    const stream = await openState(file)
    const bytes = await readFile(file.path)
    await writeFile(file.path, bytes.fill(0, headerLength))
    const yielded: Uint8Array[] = []
    await expect(
      (async () => {
        for await (const piece of stream) yielded.push(piece)
      })(),
    ).rejects.toMatchObject({ code: 'state-altered' })
    expect(yielded).toHaveLength(0)
  })

  it('leaves the former file and no other behind when the source fails', async () => {
    const file = stateFile('kept')
    await sealState(file, [plain])
    const before = await readFile(file.path)
    const files = await readdir(folder)
    await expect(
      sealState(
        file,
        (function* () {
          yield plain
          throw new Error('the engine died')
        })(),
      ),
    ).rejects.toThrow('the engine died')
    expect((await readFile(file.path)).equals(before)).toBe(true)
    expect(await readdir(folder)).toEqual(files)
  })
})
