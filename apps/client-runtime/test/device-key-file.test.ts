// SPDX-License-Identifier: Apache-2.0
import { mkdir, mkdtemp, readdir, readFile, rename, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { generateDeviceKey } from '@casemate/policy/software-device-key'
import { describe, expect, it, onTestFinished } from 'vitest'
import { openDeviceKey, openOrMakeDeviceKey } from '../daemon/enrolment/open-device-key.ts'
import { type Layout, layoutOf } from '../layout.ts'

async function freshLayout(): Promise<Layout> {
  const folder = await mkdtemp(join(tmpdir(), 'casemate-device-key-'))
  onTestFinished(() => rm(folder, { recursive: true, force: true }))
  return { ...layoutOf(join(folder, 'data')), sealingKey: join(folder, 'state', 'casemate', 'sealing-key.json') }
}

const code = (code: string) => expect.objectContaining({ code })
const jwkOf = async (layout: Layout) => (await openDeviceKey(layout, 'sealed'))?.key.publicJwk
const formatOf = async (layout: Layout) => JSON.parse(await readFile(layout.deviceKey, 'utf8')).format

describe('a software device key', () => {
  it('is kept sealed, private to its user, and is the same when it is opened again', async () => {
    const layout = await freshLayout()
    expect(await openDeviceKey(layout, 'sealed')).toBeUndefined()
    const made = await openOrMakeDeviceKey(layout, 'sealed')
    const again = await openOrMakeDeviceKey(layout, 'sealed')
    expect([again.key.publicJwk, again.key.agreementJwk]).toEqual([made.key.publicJwk, made.key.agreementJwk])
    expect(again.keeping).toBe('sealed')
    expect(await formatOf(layout)).toBe('casemate-sealed-device-key-1')
    expect(await readFile(layout.deviceKey, 'utf8')).not.toContain('"d"')
    for (const file of [layout.deviceKey, layout.sealingKey]) expect((await stat(file)).mode & 0o077).toBe(0)
  })

  it('opens no more where the sealing key is missing or another, and does again with it', async () => {
    const [layout, other] = [await freshLayout(), await freshLayout()]
    const { key } = await openOrMakeDeviceKey(layout, 'sealed')
    await openOrMakeDeviceKey(other, 'sealed')
    await expect(openDeviceKey({ ...layout, sealingKey: other.sealingKey }, 'sealed')).rejects.toEqual(code('device-key-elsewhere'))
    await rename(layout.sealingKey, `${layout.sealingKey}.away`)
    await expect(openDeviceKey(layout, 'sealed')).rejects.toEqual(code('device-key-elsewhere'))
    // Nor is a new one made in its place.
    await expect(openOrMakeDeviceKey(layout, 'sealed')).rejects.toEqual(code('device-key-elsewhere'))
    await expect(stat(layout.sealingKey)).rejects.toMatchObject({ code: 'ENOENT' })
    await rename(`${layout.sealingKey}.away`, layout.sealingKey)
    expect(await jwkOf(layout)).toEqual(key.publicJwk)
  })

  it.each(['salt', 'nonce', 'box'] as const)('is refused with another %s', async (part) => {
    const [layout, other] = [await freshLayout(), await freshLayout()]
    await openOrMakeDeviceKey(layout, 'sealed')
    await openOrMakeDeviceKey(other, 'sealed')
    const [kept, foreign] = [JSON.parse(await readFile(layout.deviceKey, 'utf8')), JSON.parse(await readFile(other.deviceKey, 'utf8'))]
    await writeFile(layout.deviceKey, JSON.stringify({ ...kept, [part]: foreign[part] }))
    await expect(openDeviceKey(layout, 'sealed')).rejects.toEqual(code('device-key-elsewhere'))
    await writeFile(layout.deviceKey, JSON.stringify(kept))
    expect(await jwkOf(layout)).toBeDefined()
  })

  it.each([
    ['nothing', ''],
    ['another format', '{"format":"casemate-device-key-9"}'],
    ['a member too many', '{"format":"casemate-sealed-device-key-1","note":1}'],
  ])('is refused where its file holds %s, and the file is left as it is', async (_what, text) => {
    const layout = await freshLayout()
    await mkdir(join(layout.deviceKey, '..'))
    await writeFile(layout.deviceKey, text)
    await expect(openOrMakeDeviceKey(layout, 'sealed')).rejects.toEqual(
      expect.objectContaining({ code: expect.stringMatching(/^(state-altered|key-invalid)$/) }),
    )
    expect(await readFile(layout.deviceKey, 'utf8')).toBe(text)
  })

  it('of an older runtime, in clear, is read once and sealed', async () => {
    const layout = await freshLayout()
    const { key, secret } = await generateDeviceKey()
    await mkdir(join(layout.deviceKey, '..'))
    await writeFile(layout.deviceKey, secret)
    expect((await openDeviceKey(layout, 'sealed'))?.key.publicJwk).toEqual(key.publicJwk)
    expect(await formatOf(layout)).toBe('casemate-sealed-device-key-1')
    expect(await jwkOf(layout)).toEqual(key.publicJwk)
    expect(await readdir(join(layout.deviceKey, '..'))).toEqual(['device-key.json'])
  })

  it('of an older runtime goes on in clear where it cannot be sealed, and says so; a new one is refused there', async () => {
    const [layout, fresh] = [await freshLayout(), await freshLayout()]
    const { key, secret } = await generateDeviceKey()
    await mkdir(join(layout.deviceKey, '..'))
    await writeFile(layout.deviceKey, secret)
    const nowhere = join(layout.deviceKey, 'casemate', 'sealing-key.json')
    const opened = await openDeviceKey({ ...layout, sealingKey: nowhere }, 'sealed')
    expect(opened).toMatchObject({ keeping: 'clear', key: { publicJwk: key.publicJwk } })
    expect(await readFile(layout.deviceKey, 'utf8')).toBe(secret)
    await expect(openOrMakeDeviceKey({ ...fresh, sealingKey: nowhere }, 'sealed')).rejects.toEqual(code('sealing-key-failed'))
    await expect(openOrMakeDeviceKey(fresh, 'sealed')).resolves.toMatchObject({ keeping: 'sealed' })
  })

  it('of a stick stays with it and opens anywhere', async () => {
    const layout = await freshLayout()
    const { key } = await openOrMakeDeviceKey(layout, 'carried')
    await expect(stat(layout.sealingKey)).rejects.toMatchObject({ code: 'ENOENT' })
    const opened = await openDeviceKey({ ...layout, sealingKey: '/nowhere/sealing-key.json' }, 'carried')
    expect(opened).toMatchObject({ keeping: 'carried', key: { publicJwk: key.publicJwk } })
    expect(await formatOf(layout)).toBe('casemate-device-key-1')
  })

  it('of each of two data folders is sealed under the one key of their user, also when both are made at once', async () => {
    const [one, two] = [await freshLayout(), await freshLayout()]
    const other = { ...two, sealingKey: one.sealingKey }
    await Promise.all([openOrMakeDeviceKey(one, 'sealed'), openOrMakeDeviceKey(other, 'sealed')])
    expect(await jwkOf(one)).toBeDefined()
    expect(await jwkOf(other)).toBeDefined()
    expect(await readdir(join(one.sealingKey, '..'))).toEqual(['sealing-key.json'])
  })
})
