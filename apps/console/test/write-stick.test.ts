// SPDX-License-Identifier: Apache-2.0
import { access, constants, mkdir, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, it, onTestFinished } from 'vitest'
import { writeStick } from '../src/stick/write-stick.ts'

it('is there whole, or not at all where firmware is missing or the hand-over fails', async () => {
  const place = await mkdtemp(join(tmpdir(), 'stick-'))
  onTestFinished(() => rm(place, { recursive: true }))
  const [stick, firmware] = [join(place, 'stick'), join(place, 'firmware')]
  await mkdir(firmware)
  const handover = (path: string) => writeFile(path, 'all of it')
  await expect(writeStick(stick, { handover, firmware })).rejects.toMatchObject({
    code: 'firmware-missing',
    message: expect.stringContaining('seabios'),
  })
  await expect(writeStick(stick, { handover: () => Promise.reject(new Error('no room')) })).rejects.toThrow('no room')
  expect(await readdir(place)).toEqual(['firmware'])
  await writeStick(stick, { handover })
  expect((await readdir(stick)).sort()).toEqual(['casemate', 'desktop', 'runtime'])
  await access(join(stick, 'casemate'), constants.X_OK)
  expect((await readdir(join(stick, 'runtime/firmware'))).sort()).toEqual(['acpi-dsdt.aml', 'bios.bin', 'vgabios-stdvga.bin'])
})
