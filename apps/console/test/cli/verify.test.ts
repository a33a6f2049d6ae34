// SPDX-License-Identifier: Apache-2.0
import { open, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { admin, makeKey, makeWorkplace, sealArguments, type Workplace } from './admin.ts'

interface Sealed extends Workplace {
  readonly roots: readonly string[]
  /** Paths of all objects. */
  readonly objects: readonly string[]
}

async function sealed(): Promise<Sealed> {
  const place = await makeWorkplace()
  await makeKey(place)
  const { code, stderr } = await admin(sealArguments(place))
  if (code !== 0) throw new Error(stderr)
  const manifest = JSON.parse(await readFile(place.at('out', 'manifest.json'), 'utf8'))
  const store = place.at('store')
  const objects = (await readdir(store, { recursive: true })).filter((path) => /[0-9a-f]{64}$/.test(path)).map((path) => join(store, path))
  return { ...place, roots: manifest.disks.map(({ root }: { root: string }) => root), objects }
}

async function verify({ at }: Workplace, withKey: boolean, ...more: readonly string[]) {
  const key = withKey ? ['--org-key', at('org.key'), '--passphrase-file', at('passphrase')] : []
  const { code, stdout } = await admin(['verify', '--manifest', at('out', 'manifest.json'), '--store', at('store'), '--json', ...key, ...more])
  return { code, result: JSON.parse(stdout) }
}

async function flip(path: string): Promise<void> {
  const file = await open(path, 'r+')
  const { buffer } = await file.read(Buffer.alloc(1), 0, 1, 2000)
  await file.write(Buffer.of(buffer.readUInt8(0) ^ 1), 0, 1, 2000)
  await file.close()
}

describe('casemate-admin verify', () => {
  it('reads every object and finds an intact package intact, with the key and without', async () => {
    const place = await sealed()
    const deep = await verify(place, true)
    expect(deep).toMatchObject({ code: 0, result: { depth: 'content', intact: true, objects: place.objects.length, problems: [] } })
    const shallow = await verify(place, false)
    expect(shallow).toMatchObject({ code: 0, result: { depth: 'names', intact: true, objects: place.objects.length, problems: [] } })
  })

  it('names the object and the disk of each altered chunk', async () => {
    const place = await sealed()
    const bad = place.objects.find((path) => !place.roots.includes(path.slice(-64))) ?? ''
    await flip(bad)
    const deep = await verify(place, true)
    expect(deep.code).toBe(1)
    expect(deep.result.problems).toMatchObject([{ object: bad.slice(-64), code: expect.stringMatching(/^(chunk|page)-altered$/) }])
    expect(['system', 'user']).toContain(deep.result.problems[0].disk)
    const shallow = await verify(place, false)
    expect(shallow).toMatchObject({ code: 1, result: { intact: false, problems: [{ object: bad.slice(-64), code: 'object-altered' }] } })
  })

  it('finds what is missing', async () => {
    const place = await sealed()
    const [root = ''] = place.roots
    await rm(place.at('store', root.slice(0, 2), root))
    for (const withKey of [true, false]) {
      expect(await verify(place, withKey)).toMatchObject({ code: 1, result: { problems: [{ disk: 'system', object: root, code: 'root-missing' }] } })
    }
  })

  it("refuses another package's key, a wrong passphrase and a store that is not there", async () => {
    const place = await sealed()
    await admin(sealArguments(place).map((word) => (word === place.at('out') ? place.at('out-2') : word)))
    const otherKey = await verify(place, true, '--package-key', place.at('out-2', 'package-key.json'))
    expect(otherKey).toMatchObject({ code: 1, result: { error: { code: 'key-refused' } } })
    const noStore = await verify(place, true, '--store', place.at('nothing'))
    expect(noStore).toMatchObject({ code: 3, result: { error: { code: 'store-missing' } } })
    await writeFile(place.at('passphrase'), 'incorrect horse')
    expect(await verify(place, true)).toMatchObject({ code: 1, result: { error: { code: 'sealed-key-passphrase' } } })
  })
})
