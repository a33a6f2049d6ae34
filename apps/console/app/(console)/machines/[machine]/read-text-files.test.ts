// SPDX-License-Identifier: Apache-2.0
import { expect, it } from 'vitest'
import { readTextFiles } from './read-text-files.ts'

it('reads text as it is, mark and line ends too, and names what is none or too large', async () => {
  const text = '\uFEFFhostname: é\r\n'
  const files = [new File([text], 'user-data'), new File([Uint8Array.of(0xff, 0xfe)], 'image.bin'), new File([new Uint8Array(1_048_577)], 'disk.raw')]
  const { texts, refused } = await readTextFiles(files)
  expect(texts).toEqual([{ name: 'user-data', text }])
  expect(refused).toBe('`image.bin`: expected UTF-8, found other bytes; `disk.raw` is too large')
  expect(await readTextFiles(files.slice(0, 1))).toMatchObject({ refused: null })
})
