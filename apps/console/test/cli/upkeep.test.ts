// SPDX-License-Identifier: Apache-2.0
//
// casemate-admin fsck, gc and diff as processes, on a store and sealed folders; what they find is tested in packages/vm-package.
import { randomBytes } from 'node:crypto'
import { cp, mkdir, mkdtemp, open, readdir, rm, utimes, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import { admin, makeKey, makeWorkplace, sealArguments, type Workplace } from './admin.ts'

afterAll(async () => {
  if (template !== null) await rm(await template, { recursive: true, force: true })
})

interface Sealed extends Workplace {
  /** Paths of all objects. */
  readonly objects: () => Promise<readonly string[]>
}

let template: Promise<string> | null = null
const sealedFiles = ['org.key', 'out', 'out-2', 'store'] as const

/** Two packages, `out` and `out-2`, that share a user disk; every object is old. Made once, since processes are slow to start. */
async function sealed(): Promise<Sealed> {
  template ??= makeTemplate()
  const folder = await template
  const place = await makeWorkplace()
  for (const name of sealedFiles) await cp(join(folder, name), place.at(name), { recursive: true })
  const store = place.at('store')
  const objects = async () =>
    (await readdir(store, { recursive: true })).filter((path) => /[0-9a-f]{64}$/.test(path)).map((path) => join(store, path))
  for (const path of await objects()) await utimes(path, 1000, 1000)
  return { ...place, objects }
}

async function makeTemplate(): Promise<string> {
  const place = await makeWorkplace()
  await makeKey(place)
  await sealAs(place, 'out')
  const changed = await open(place.at('system.img'), 'r+')
  await changed.write(randomBytes(100), 0, 100, 1000)
  await changed.close()
  await sealAs(place, 'out-2')
  const folder = await mkdtemp(join(tmpdir(), 'casemate-admin-'))
  for (const name of sealedFiles) await cp(place.at(name), join(folder, name), { recursive: true })
  return folder
}

async function sealAs(place: Workplace, out: string): Promise<void> {
  const { code, stderr } = await admin(sealArguments(place).map((word) => (word === place.at('out') ? place.at(out) : word)))
  if (code !== 0) throw new Error(stderr)
}

async function run(place: Workplace, ...args: readonly string[]) {
  const { code, stdout } = await admin([...args, '--store', place.at('store'), '--json'])
  return { code, result: JSON.parse(stdout) }
}

const keyed = ({ at }: Workplace) => ['--org-key', at('org.key'), '--passphrase-file', at('passphrase')]

async function flip(path: string): Promise<void> {
  const file = await open(path, 'r+')
  const { buffer } = await file.read(Buffer.alloc(1), 0, 1, 2000)
  await file.write(Buffer.of(buffer.readUInt8(0) ^ 1), 0, 1, 2000)
  await file.close()
}

describe('casemate-admin fsck', () => {
  it('exits with 0 for a clean store and with 1 for one that is not, and changes it only with --repair', async () => {
    const place = await sealed()
    const both = ['--sealed', place.at('out'), '--sealed', place.at('out-2')]
    expect(await run(place, 'fsck', ...keyed(place), ...both)).toMatchObject({ code: 0, result: { clean: true, packages: 2, problems: [] } })
    expect(await run(place, 'fsck')).toMatchObject({ code: 0, result: { clean: true, packages: 0, unneeded: null } })
    const before = await place.objects()
    const [bad = ''] = before
    await flip(bad)
    for (const keys of [[], [...keyed(place), ...both]]) {
      expect(await run(place, 'fsck', ...keys)).toMatchObject({
        code: 1,
        result: { clean: false, problems: [{ code: 'object-altered', object: bad.slice(-64), removed: false }] },
      })
    }
    expect(await place.objects()).toEqual(before)
    expect(await run(place, 'fsck', '--repair')).toMatchObject({ code: 1, result: { problems: [{ removed: true }] } })
    expect(await place.objects()).toEqual(before.slice(1))
    const { stdout } = await admin(['fsck', '--store', place.at('store'), ...keyed(place), ...both])
    expect(stdout).toMatch(/^object-missing: .+ \(accounting 1\.0\.0, disk /)
  })

  it('refuses a store that is not there, and options that contradict each other', async () => {
    const place = await sealed()
    await rm(place.at('store'), { recursive: true })
    expect(await run(place, 'fsck')).toMatchObject({ code: 3, result: { error: { code: 'store-missing' } } })
    expect(await run(place, 'fsck', '--data', place.at('org'))).toMatchObject({ code: 2, result: { error: { code: 'usage' } } })
  })
})

describe('casemate-admin gc', () => {
  it('says what would go, deletes it with --delete, and keeps the packages that were named whole', async () => {
    const place = await sealed()
    const before = await place.objects()
    const gc = (...more: readonly string[]) => run(place, 'gc', ...keyed(place), '--sealed', place.at('out-2'), ...more)
    const dry = await gc()
    expect(dry).toMatchObject({ code: 0, result: { deleted: false, young: { objects: 0 } } })
    expect(dry.result.unused.objects).toBeGreaterThan(0)
    expect(await place.objects()).toEqual(before)
    expect(await gc('--delete')).toEqual({ code: 0, result: { ...dry.result, deleted: true } })
    expect(await place.objects()).toHaveLength(before.length - dry.result.unused.objects)
    expect(await run(place, 'fsck', ...keyed(place), '--sealed', place.at('out-2'))).toMatchObject({ code: 0, result: { unneeded: { objects: 0 } } })
    expect(await run(place, 'fsck', ...keyed(place), '--sealed', place.at('out'))).toMatchObject({ code: 1 })
  })

  it('refuses to delete where no package is named, where keys are missing, and while something is sealed', async () => {
    const place = await sealed()
    const before = await place.objects()
    const named = ['gc', '--delete', '--sealed', place.at('out-2')]
    expect(await run(place, 'gc', '--delete', ...keyed(place))).toMatchObject({ code: 1, result: { error: { code: 'package-missing' } } })
    expect(await run(place, ...named)).toMatchObject({ code: 2, result: { error: { code: 'usage' } } })
    const claim = place.at('store', '.claims', `write-01234567-0123-0123-0123-0123456789ab-${Date.now() + 60_000}`)
    await mkdir(place.at('store', '.claims'), { recursive: true })
    await writeFile(claim, '')
    expect(await run(place, ...named, ...keyed(place))).toMatchObject({ code: 3, result: { error: { code: 'store-busy' } } })
    expect(await place.objects()).toEqual(before)
    await rm(claim)
    expect(await run(place, ...named, ...keyed(place))).toMatchObject({ code: 0, result: { deleted: true } })
  })
})

describe('casemate-admin diff', () => {
  it('says what the second package needs beyond the first', async () => {
    const place = await sealed()
    const { code, result } = await run(place, 'diff', place.at('out'), place.at('out-2'), ...keyed(place))
    expect(code).toBe(0)
    // A chunk, its page and the root of the changed disk; the root of the other, which is under a key of its own.
    expect(result).toMatchObject({
      fetched: { objects: 4 },
      disks: [
        { disk: 'system', objects: 3 },
        { disk: 'user', objects: 1 },
      ],
    })
    expect(result.whole.bytes).toBeGreaterThan(result.fetched.bytes)
    expect(await run(place, 'diff', place.at('out'), place.at('out'), ...keyed(place))).toMatchObject({
      code: 0,
      result: { fetched: { objects: 0 } },
    })
    expect(await run(place, 'diff', place.at('out'), place.at('nothing'), ...keyed(place))).toMatchObject({
      code: 3,
      result: { error: { code: 'file-unreadable' } },
    })
  })
})
