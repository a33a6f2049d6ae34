// SPDX-License-Identifier: Apache-2.0
//
// The log over a repository that lives: what it says, what it proves, and what it finds when somebody rewrites the past.
import { cp, readFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { readHead, readProof } from '../../src/log/documents.ts'
import { readLog } from '../../src/log/entries.ts'
import { openLog, proveEntry, proveSince } from '../../src/log/prove.ts'
import { verifyProof, verifyRepository } from '../../src/log/verify.ts'
import { folderStore } from '../../src/publish/folder-store.ts'
import { renew } from '../../src/publish/renew.ts'
import { stageTargets } from '../../src/publish/stage-targets.ts'
import { coded, freshFolder, now, type Organisation, organisation, text } from './organisation.ts'

const day = 86_400

/** Publishes a release, and what is to be taken back with it. */
async function release({ org, store }: World, path: string, content: unknown, remove: readonly string[] = []) {
  await stageTargets(store, { role: 'releases', author: 'ada', now, add: [{ path, bytes: text(content) }], remove })
  await org.approve(store, 'releases', org.approverBert)
  await org.publish(store)
}

interface World {
  readonly org: Organisation
  readonly store: ReturnType<typeof folderStore>
  readonly folder: string
}

async function world(): Promise<World> {
  const made = await organisation()
  await release(made, 'releases/office/1.json', 'first')
  await made.org.release(made.store, 'packages/office/1.json', text('not logged'))
  await release(made, 'releases/office/2.json', 'second', ['releases/office/1.json'])
  return made
}

const copy = async ({ folder }: World) => {
  const other = join(await freshFolder(), 'copy')
  await cp(folder, other, { recursive: true })
  return { folder: other, store: folderStore(other) }
}

describe('the log', () => {
  it('has what was added and taken back, in the order in which it was published, and not what is renewed', async () => {
    const { org, store } = await world()
    const entries = await readLog(store)
    expect(entries.map(({ role, version, change, path }) => [role, version, change, path])).toEqual([
      ['releases', 1, 'added', 'releases/office/1.json'],
      ['releases', 2, 'removed', 'releases/office/1.json'],
      ['releases', 2, 'added', 'releases/office/2.json'],
    ])
    expect(await renew(store, { online: org.online, now: now + 400 * day })).not.toEqual([])
    expect(await readLog(store)).toEqual(entries)
  })

  it('is empty where nothing of it was published, and then grows from there', async () => {
    const { org, store, folder } = await organisation()
    const { head } = await openLog(store)
    expect(head.size).toBe(0)
    await release({ org, store, folder }, 'releases/office/1.json', 'first')
    const later = await openLog(store)
    expect(later.head.size).toBe(1)
    await verifyProof(await proveSince(later, head), [head, later.head])
  })

  it('proves an entry and its growth to whoever kept the heads, and nothing to who kept others', async () => {
    const made = await world()
    const before = await openLog(made.store)
    await release(made, 'releases/office/3.json', 'third')
    const after = await openLog(made.store)
    const [inclusion, consistency] = [await proveEntry(after, 'releases/office/2.json'), await proveSince(after, before.head)]
    await verifyProof(inclusion, [after.head])
    await verifyProof(consistency, [before.head, after.head])
    await expect(verifyProof(inclusion, [before.head])).rejects.toEqual(coded('log-inconsistent'))
    await expect(verifyProof(consistency, [after.head])).rejects.toEqual(coded('log-inconsistent'))
    if (inclusion.kind !== 'inclusion') throw new Error('expected a proof of inclusion')
    const other = { ...inclusion, entry: { ...inclusion.entry, sha256: '0'.repeat(64) } }
    await expect(verifyProof(other, [after.head])).rejects.toEqual(coded('log-proof-invalid'))
    await expect(verifyProof({ ...consistency, proof: [after.head.root] }, [before.head, after.head])).rejects.toEqual(coded('log-proof-invalid'))
    await expect(proveEntry(after, 'packages/office/1.json')).rejects.toEqual(coded('log-entry-missing'))
  })

  it('finds a repository whose past was written anew, and takes a true copy', async () => {
    const made = await world()
    const { head } = await openLog(made.store)
    const { store: true_ } = await copy(made)
    await expect(verifyRepository(true_, [head])).resolves.toMatchObject({ head })
    // The same people publish something else in its place.
    const { org, store, folder } = await organisation()
    const forged = { org, store, folder }
    await release(forged, 'releases/office/1.json', 'another first')
    const own = await openLog(store)
    await expect(verifyRepository(store, [own.head])).resolves.toMatchObject({ head: own.head })
    await expect(verifyRepository(store, [head])).rejects.toEqual(coded('log-inconsistent'))
    await expect(verifyRepository(store, [{ ...own.head, size: 2 }])).rejects.toEqual(coded('log-inconsistent'))
    await expect(verifyRepository(store, [{ ...own.head, root: head.root }])).rejects.toEqual(coded('log-inconsistent'))
  })

  it.each([
    ['metadata/2.snapshot.json', 'missing'],
    ['metadata/1.releases.json', 'missing'],
    ['metadata/1.releases.json', 'altered'],
    ['the first release', 'missing'],
    ['the first release', 'altered'],
  ])('refuses a copy in which %s is %s', async (name, how) => {
    const made = await world()
    const { head, entries } = await openLog(made.store)
    const { store, folder } = await copy(made)
    const file = join(folder, name === 'the first release' ? `targets/releases/office/${entries[0]?.sha256}.1.json` : name)
    if (how === 'missing') await rm(file)
    else await writeFile(file, (await readFile(file, 'utf8')).replace(/first|office\/1/, 'other'))
    await expect(verifyRepository(store, [head])).rejects.toEqual(coded('repository-invalid'))
  })
})

describe('files of the log', () => {
  it('are read strictly', async () => {
    const made = await world()
    const log = await openLog(made.store)
    const proof = await proveEntry(log, 'releases/office/2.json')
    expect(readHead(text(log.head))).toEqual(log.head)
    expect(readProof(text(proof))).toEqual(proof)
    for (const wrong of [{ ...log.head, note: 1 }, { ...log.head, size: -1 }, { ...log.head, root: 'x' }, proof]) {
      expect(() => readHead(text(wrong))).toThrow(coded('log-file-invalid'))
    }
    for (const wrong of [{ ...proof, note: 1 }, { ...proof, kind: 'consistency' }, log.head]) {
      expect(() => readProof(text(wrong))).toThrow(coded('log-file-invalid'))
    }
  })
})
