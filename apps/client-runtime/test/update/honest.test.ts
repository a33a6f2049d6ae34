// SPDX-License-Identifier: Apache-2.0
import { createHash } from 'node:crypto'
import { readdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { targetFile } from '../../daemon/update/place.ts'
import { listVerified } from '../../daemon/update/verified-copy.ts'
import { coded, Device, enrolled, office } from './device.ts'
import { digest, freshFolder, HostileRepository, serve } from './hostile-repository.ts'

describe('an honest repository', () => {
  it('is refreshed and downloaded from, and asked for no more than needed', async () => {
    const { repository, server, device } = await enrolled()
    expect(await device.read()).toBe('office 1')
    expect(server.asked).toEqual([
      '/metadata/2.root.json',
      '/metadata/timestamp.json',
      '/metadata/1.snapshot.json',
      '/metadata/1.targets.json',
      '/metadata/1.packages.json',
      `/targets/packages/office/${digest(repository.approved.get(office) ?? new Uint8Array())}.1.json`,
    ])
    server.asked.length = 0
    await device.refresh()
    await device.download()
    expect(server.asked).toEqual(['/metadata/2.root.json', '/metadata/timestamp.json'])
  })

  it('leads on to new versions, whose numbers come back as floors', async () => {
    const { repository, device } = await enrolled()
    repository.approve('packages/office/2.json', 'office 2')
    repository.advance('packages')
    repository.advanceRoot()
    expect((await device.refresh()).floors).toEqual({ root: 2, snapshot: 2, timestamp: 2 })
    expect(await device.download('packages/office/2.json')).toMatchObject({ path: 'packages/office/2.json', length: 8 })
    expect((await listVerified(device.place)).map(({ path }) => path)).toEqual([office, 'packages/office/2.json'])
  })

  it('that takes an approval back takes the target out of the verified copy', async () => {
    const { repository, device } = await enrolled()
    repository.approve('packages/office/2.json', 'office 2')
    repository.advance('packages')
    await device.refresh()
    await device.download('packages/office/2.json')
    repository.approved.delete(office)
    repository.advance('packages')
    expect(await device.refresh()).toMatchObject({ dropped: [office], held: [{ path: 'packages/office/2.json' }] })
    await expect(device.read()).rejects.toThrow(coded('copy-missing'))
    expect(await device.read('packages/office/2.json')).toBe('office 2')
    expect(await readdir(join(device.place.copy, 'targets'))).toHaveLength(1)
  })

  it('that approves another content under the same path takes the old one out of the verified copy', async () => {
    const { repository, device } = await enrolled()
    repository.approve(office, 'office X')
    repository.advance('packages')
    expect(await device.refresh()).toMatchObject({ dropped: [office], held: [] })
    await device.download()
    expect(await device.read()).toBe('office X')
  })

  it('may name targets by SHA-512 alone', async () => {
    const { repository, device } = await enrolled()
    const sha512 = (text: string) => createHash('sha512').update(text).digest('hex')
    const approve = (text: string) => {
      repository.packages.alter = (signed) => ({ ...signed, targets: { [office]: { length: text.length, hashes: { sha512: sha512(text) } } } })
      repository.files.set(`/targets/packages/office/${sha512(text)}.1.json`, Buffer.from(text))
      repository.advance('packages')
    }
    approve('office 1')
    expect((await device.refresh()).dropped).toEqual([])
    approve('office X')
    expect((await device.refresh()).dropped).toEqual([office])
    await device.download()
    expect(await device.read()).toBe('office X')
    expect((await device.refresh()).dropped).toEqual([])
  })

  it('may say of a root that is not there that it is forbidden, as object stores do', async () => {
    const { repository, server, device } = await enrolled()
    server.answers.set('/metadata/2.root.json', (response) => response.writeHead(403).end())
    repository.advance()
    expect((await device.refresh()).floors.timestamp).toBe(2)
  })

  it('leaves no file of an operation behind', async () => {
    const { device } = await enrolled()
    expect((await readdir(device.place.copy)).sort()).toEqual(['accepted.json', 'roots', 'targets'])
    expect((await readdir(device.place.metadata)).sort()).toEqual(['packages.json', 'root.json', 'snapshot.json', 'targets.json', 'timestamp.json'])
  })

  it('serves operations that are begun together one after the other', async () => {
    const { repository, device } = await enrolled()
    repository.approve('packages/office/2.json', 'office 2')
    repository.advance('packages')
    const [, second, third] = await Promise.all([device.refresh(), device.download('packages/office/2.json'), device.refresh()])
    expect(second.path).toBe('packages/office/2.json')
    expect(third.held.map(({ path }) => path)).toEqual([office, 'packages/office/2.json'])
  })
})

describe('the trusted root', () => {
  const fresh = async () => {
    const repository = new HostileRepository()
    return { repository, device: new Device(await freshFolder(), await serve(repository)) }
  }

  it('is the one that enrolment pinned', async () => {
    const { repository, device } = await fresh()
    await expect(device.trust(repository.rootBytes, digest(Buffer.from('another')))).rejects.toThrow(coded('root-mismatch'))
    await device.trust(repository.rootBytes)
    expect((await device.refresh()).floors.root).toBe(1)
  })

  it('is signed by its own keys', async () => {
    const { repository, device } = await fresh()
    repository.root.signers = repository.root.keys.slice(0, 1)
    repository.publish('root')
    await expect(device.trust(repository.rootBytes)).rejects.toThrow(coded('threshold-not-met'))
    repository.root.signers = repository.root.keys.slice(1)
    repository.publish('root')
    await device.trust(repository.rootBytes)
    expect((await device.refresh()).floors.root).toBe(1)
  })

  it('is given once; the same one again changes nothing', async () => {
    const { repository, device } = await fresh()
    await expect(device.refresh()).rejects.toThrow(coded('not-initialised'))
    await device.trust(repository.rootBytes)
    await device.trust(repository.rootBytes)
    await expect(device.trust(new HostileRepository().rootBytes)).rejects.toThrow(coded('already-initialised'))
    expect((await device.refresh()).floors.root).toBe(1)
  })
})

describe('the verified copy', () => {
  it('does not give out other bytes than those accepted, and is mended by the next download', async () => {
    const { device } = await enrolled()
    const [held] = await listVerified(device.place)
    await writeFile(targetFile(device.place, held?.sha256 ?? ''), 'office X')
    await expect(device.read()).rejects.toThrow(coded('copy-altered'))
    await device.download()
    expect(await device.read()).toBe('office 1')
  })

  it('is not read from a list that was altered', async () => {
    const { device } = await enrolled()
    await writeFile(join(device.place.copy, 'accepted.json'), '{"format":"casemate-accepted-1"}')
    await expect(device.read()).rejects.toThrow(coded('copy-altered'))
  })
})
