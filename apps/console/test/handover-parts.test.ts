// SPDX-License-Identifier: Apache-2.0
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, it, onTestFinished } from 'vitest'
import { writeParts } from '../src/handover/write-parts.ts'

async function* pieces(...texts: readonly string[]) {
  for (const text of texts) yield Buffer.from(text)
}

it('cuts a stream where parts end, wherever its pieces do, and refuses more parts than have a number', async () => {
  const place = await mkdtemp(join(tmpdir(), 'parts-'))
  onTestFinished(() => rm(place, { recursive: true }))
  await writeParts(join(place, 'three'), pieces('abc', '', 'defg'), 3, 3)
  const names = (await readdir(join(place, 'three'))).sort()
  expect(names).toEqual(['part-0001-of-0003', 'part-0002-of-0003', 'part-0003-of-0003'])
  expect(await Promise.all(names.map((name) => readFile(join(place, 'three', name), 'utf8')))).toEqual(['abc', 'def', 'g'])
  await expect(writeParts(join(place, 'four'), pieces('abc', '', 'defg', 'hij'), 3, 3)).rejects.toMatchObject({ code: 'input-invalid' })
})
