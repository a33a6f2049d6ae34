// SPDX-License-Identifier: Apache-2.0
import { mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { BootProbe } from '../../src/qemu/boot-probe.ts'
import type { Installation } from '../../src/qemu/installation.ts'
import { cachedProbe } from '../../src/qemu/probe-cache.ts'

const result: BootProbe = { version: '7.2.22', accelerator: 'tcg', capabilities: ['disk:ide', 'suspend'] }
let root: string
let installation: Installation

beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), 'casemate-probe-'))
  installation = { qemu: join(root, 'qemu'), qemuImg: join(root, 'qemu-img'), bubblewrap: join(root, 'bwrap') }
  for (const path of Object.values(installation)) await writeFile(path, 'a program')
})
afterAll(() => rm(root, { recursive: true }))

async function twice(between: (file: string) => Promise<unknown>): Promise<{ probes: number; second: BootProbe }> {
  const folder = join(await mkdtemp(join(root, 'cache-')), 'made-on-demand')
  let probes = 0
  const probe = async (): Promise<BootProbe> => {
    probes += 1
    return result
  }
  expect(await cachedProbe(folder, installation, probe)).toEqual(result)
  expect(await readdir(folder)).toEqual(['qemu-probe.json'])
  const file = join(folder, 'qemu-probe.json')
  expect((await stat(file)).mode & 0o077).toBe(0)
  await between(file)
  return { second: await cachedProbe(folder, installation, probe), probes }
}

describe('a remembered boot probe', () => {
  it('is not repeated', async () => {
    expect(await twice(async () => undefined)).toEqual({ probes: 1, second: result })
  })

  it.each<[string, (file: string) => Promise<unknown>]>([
    ['it is gone', (file) => rm(file)],
    ['it is no JSON', (file) => writeFile(file, '{')],
    ['it has a field too many', async (file) => writeFile(file, JSON.stringify({ ...JSON.parse(await readFile(file, 'utf8')), more: 1 }))],
    ['it names an unknown capability', async (file) => writeFile(file, (await readFile(file, 'utf8')).replace('disk:ide', 'disk:floppy'))],
    ['it comes from another boot of the host', async (file) => writeFile(file, (await readFile(file, 'utf8')).replace('"host":"', '"host":"x'))],
    ['QEMU is another file', () => writeFile(installation.qemu, 'a later program')],
  ])('is repeated when %s', async (_, change) => {
    expect(await twice(change)).toEqual({ probes: 2, second: result })
  })
})
