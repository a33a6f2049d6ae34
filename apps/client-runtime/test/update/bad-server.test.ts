// SPDX-License-Identifier: Apache-2.0
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdir, readdir, rm } from 'node:fs/promises'
import type { ServerResponse } from 'node:http'
import { join } from 'node:path'
import { describe, expect, it, onTestFinished } from 'vitest'
import { mostClockDifference } from '../../daemon/update/clock.ts'
import type { FetchFile } from '../../daemon/update/fetch-file.ts'
import { targetFile } from '../../daemon/update/place.ts'
import { coded, enrolled, office } from './device.ts'
import { digest, type Fields, type RoleName, targetAddress } from './hostile-repository.ts'

const office2 = 'packages/office/2.json'
const files: readonly (readonly [RoleName, string])[] = [
  ['root', '/metadata/2.root.json'],
  ['timestamp', '/metadata/timestamp.json'],
  ['snapshot', '/metadata/2.snapshot.json'],
  ['targets', '/metadata/2.targets.json'],
  ['packages', '/metadata/2.packages.json'],
]

/** A device, and a repository that has moved on in every role. */
async function movedOn() {
  const all = await enrolled()
  all.repository.approve(office2, 'office 2')
  all.repository.advanceRoot()
  all.repository.advance('targets', 'packages')
  return all
}

function endless(response: ServerResponse): void {
  const piece = Buffer.alloc(65_536, ' ')
  const more = (): void => {
    while (!response.destroyed && response.write(piece));
  }
  response.on('drain', more)
  more()
}

describe('a server that sends', () => {
  it.each(files)('`%s` without end is cut off', async (_name, address) => {
    const { server, device } = await movedOn()
    // Far beyond the test's own limit: it is the device that ends it.
    device.limits = { ...device.limits, milliseconds: 600_000 }
    const { promise: cutOff, resolve } = Promise.withResolvers<void>()
    server.answers.set(address, (response) => {
      response.on('close', resolve)
      endless(response)
    })
    await expect(device.refresh()).rejects.toThrow(coded('too-large'))
    await cutOff
    expect(await device.read()).toBe('office 1')
    server.answers.clear()
    expect((await device.refresh()).floors).toEqual({ root: 2, snapshot: 2, timestamp: 2 })
  })

  it('a target without end is cut off', async () => {
    const { server, device } = await movedOn()
    await device.refresh()
    server.answers.set(targetAddress(office2, Buffer.from('office 2')), endless)
    await expect(device.download(office2)).rejects.toThrow(coded('too-large'))
    server.answers.clear()
    expect(await device.download(office2)).toMatchObject({ length: 8 })
  })

  it.each(['timestamp', 'snapshot'] as const)('a `%s` that allows absurd lengths does not move the limits', async (name) => {
    const { repository, server, device } = await movedOn()
    const honest = repository[name].alter
    repository[name].alter = (signed) => ({ ...signed, meta: withLengths(signed.meta, 1_000_000_000_000) })
    repository.advance('targets')
    server.answers.set(name === 'timestamp' ? '/metadata/3.snapshot.json' : '/metadata/3.targets.json', endless)
    await expect(device.refresh()).rejects.toThrow(coded('too-large'))
    server.answers.clear()
    repository[name].alter = honest
    repository.advance('targets')
    expect((await device.refresh()).floors.snapshot).toBe(4)
  })

  it('an approved target that is larger than the device takes is not asked for', async () => {
    const { repository, server, device } = await movedOn()
    device.limits = { ...device.limits, target: 7 }
    await device.refresh()
    server.asked.length = 0
    await expect(device.download(office2)).rejects.toThrow(coded('too-large'))
    expect(server.asked).not.toContain(targetAddress(office2, repository.approved.get(office2) ?? new Uint8Array()))
    device.limits = { ...device.limits, target: 8 }
    expect(await device.download(office2)).toMatchObject({ length: 8 })
  })

  it.each(files)('`%s` too slowly is given up', async (_name, address) => {
    const { server, device } = await movedOn()
    server.answers.set(address, (response) => response.write('{'))
    device.limits = { ...device.limits, milliseconds: 100 }
    await expect(device.refresh()).rejects.toThrow(coded('too-slow'))
    expect(await device.read()).toBe('office 1')
    server.answers.clear()
    device.limits = { ...device.limits, milliseconds: 10_000 }
    expect((await device.refresh()).floors.root).toBe(2)
  })

  it.each(files.slice(1))('an error instead of `%s` is named', async (_name, address) => {
    const { server, device } = await movedOn()
    for (const status of [404, 500, 204, 301]) {
      server.answers.set(address, (response) => response.writeHead(status, status === 301 ? { location: '/' } : {}).end())
      await expect(device.refresh()).rejects.toThrow(coded(status === 301 ? 'unreachable' : 'server-refused'))
    }
    server.answers.clear()
    expect((await device.refresh()).floors.root).toBe(2)
  })

  it('nothing at all is named', async () => {
    const { server, device } = await movedOn()
    server.answers.set('/metadata/timestamp.json', (response) => response.destroy())
    await expect(device.refresh()).rejects.toThrow(coded('unreachable'))
    server.answers.set('/metadata/2.root.json', (response) => response.destroy())
    await expect(device.refresh()).rejects.toThrow(coded('unreachable'))
    server.answers.clear()
    expect((await device.refresh()).floors.root).toBe(2)
  })
})

describe('malformed metadata', () => {
  const broken: Readonly<Record<string, (document: Fields) => Fields | Uint8Array>> = {
    'text that is no JSON': () => Buffer.from('{"signed":'),
    'bytes that are no UTF-8': (document) => Buffer.concat([Buffer.from(JSON.stringify(document)), Buffer.of(0xff)]),
    'a byte order mark': (document) => Buffer.from(`\ufeff${JSON.stringify(document)}`),
    'a key given twice': (document) => Buffer.from(JSON.stringify(document).replace('"version"', '"version":1,"version"')),
    'deep nesting': () => Buffer.from(`{"signatures":[],"signed":${'['.repeat(5000)}${']'.repeat(5000)}}`),
    'an array': () => Buffer.from('[]'),
    'null as signed part': (document) => ({ ...document, signed: null }),
    'no signatures': ({ signed = null }) => ({ signed }),
    'signatures that are no list': (document) => ({ ...document, signatures: {} }),
    'a signature that is no hex': (document) => ({ ...document, signatures: [{ keyid: 'a', sig: 'xyz' }] }),
    'an unknown field': (document) => ({ ...document, note: 1 }),
    'an unknown signed field': (document) => ({ ...document, signed: { ...Object(document.signed), note: 1 } }),
    'another type': (document) => ({ ...document, signed: { ...Object(document.signed), _type: 'mirrors' } }),
    'no version': (document) => ({ ...document, signed: { ...Object(document.signed), version: null } }),
    'a version of zero': (document) => ({ ...document, signed: { ...Object(document.signed), version: 0 } }),
    'a version in text': (document) => ({ ...document, signed: { ...Object(document.signed), version: '2' } }),
    'an expiry that is no date': (document) => ({ ...document, signed: { ...Object(document.signed), expires: 'never' } }),
    'another specification': (document) => ({ ...document, signed: { ...Object(document.signed), spec_version: '2.0.0' } }),
    nothing: () => Buffer.alloc(0),
  }
  const cases = files.flatMap(([name]) => Object.entries(broken).map(([what, forge]) => [name, what, forge] as const))

  it.each(cases)('in `%s`: %s', async (name, _what, forge) => {
    const { repository, device } = await enrolled()
    repository[name].forge = forge
    if (name === 'root') repository.advanceRoot()
    repository.advance('targets', 'packages')
    await expect(device.refresh()).rejects.toThrow(coded('metadata-invalid'))
    expect(await device.read()).toBe('office 1')
    repository[name].forge = (document) => document
    if (name === 'root') repository.publish('root')
    repository.advance('targets', 'packages')
    expect((await device.refresh()).floors.snapshot).toBe(3)
  })

  it.each(['Root', 'TIMESTAMP', '__proto__', ''])('in a delegation to `%s`', async (role) => {
    const { repository, device } = await enrolled()
    const honest = repository.targets.alter
    const delegation = { name: role, keyids: [], threshold: 1, terminating: true, paths: ['x'] }
    repository.targets.alter = (signed) => {
      const delegations = Object(signed.delegations)
      const keyids = Object.keys(delegations.keys)
      return { ...signed, delegations: { ...delegations, roles: [...delegations.roles, { ...delegation, keyids }] } }
    }
    repository.advance('targets')
    await expect(device.refresh()).rejects.toThrow(coded('metadata-invalid'))
    repository.targets.alter = honest
    repository.advance('targets')
    expect((await device.refresh()).floors.snapshot).toBe(3)
  })

  it('of a key that cannot be read', async () => {
    const { repository, device } = await enrolled()
    repository.root.alter = (signed) => {
      const keys = Object.entries(Object(signed.keys)).map(([id, key]) => [id, { ...Object(key), keyval: { public: 'ab' } }])
      return { ...signed, keys: Object.fromEntries(keys) }
    }
    repository.advanceRoot()
    await expect(device.refresh()).rejects.toThrow(coded('metadata-invalid'))
    repository.root.alter = (signed) => signed
    repository.publish('root')
    expect((await device.refresh()).floors.root).toBe(2)
  })

  it('with fields of another tool is taken where the caller asks for TUF`s own rule, signatures and all', async () => {
    const { repository, device } = await enrolled()
    repository.root.alter = (signed) => ({ ...signed, 'x-tool': { online: true } })
    repository.advanceRoot()
    await expect(device.refresh()).rejects.toThrow(coded('metadata-invalid'))
    device.unknownFields = 'ignore'
    expect((await device.refresh()).floors.root).toBe(2)
    repository.root.forge = (document) => ({ ...document, signed: { ...Object(document.signed), 'x-tool': { online: false } } })
    repository.advanceRoot()
    await expect(device.refresh()).rejects.toThrow(coded('threshold-not-met'))
  })
})

describe('the clock', () => {
  it.each([1, -1])('that differs by more than five minutes (sign %i) stops updates, and the copy still serves', async (sign) => {
    const { server, device } = await movedOn()
    server.asked.length = 0
    device.ahead = sign * (mostClockDifference + 2)
    await expect(device.refresh()).rejects.toThrow(coded('clock-differs'))
    await expect(device.download()).rejects.toThrow(coded('clock-differs'))
    expect(server.asked).toEqual([])
    expect(await device.read()).toBe('office 1')
    device.ahead = sign * (mostClockDifference - 2)
    expect((await device.refresh()).floors.root).toBe(2)
    device.ahead = Number.NaN
    await expect(device.refresh()).rejects.toThrow(coded('clock-differs'))
  })
})

describe('an update that is interrupted', () => {
  it.each([1, 2, 3, 4, 5, 6])('at request %i leaves the verified copy, and the next one ends it', async (last) => {
    const { server, device } = await movedOn()
    const honest = device.fetch
    let count = 0
    const breaking: FetchFile = async (url, options) => {
      count += 1
      if (count >= last) throw new Error('the network is gone')
      return await honest(url, options)
    }
    device.fetch = breaking
    await expect(device.refresh()).rejects.toThrow(coded('unreachable'))
    expect(await device.read()).toBe('office 1')
    device.fetch = honest
    server.asked.length = 0
    expect((await device.refresh()).floors).toEqual({ root: 2, snapshot: 2, timestamp: 2 })
    await device.download(office2)
    expect(await device.read(office2)).toBe('office 2')
  })

  it('by the end of its process leaves the verified copy, and its folder is swept', async () => {
    const { server, device } = await movedOn()
    const reached = new Promise<void>((resolve) => {
      server.answers.set('/metadata/2.targets.json', () => resolve())
    })
    const program = `
      import { refresh } from ${JSON.stringify(join(import.meta.dirname, '../../daemon/update/refresh.ts'))}
      const now = Date.now() / 1000
      const source = { metadataUrl: process.argv[1] + '/metadata', targetsUrl: process.argv[1] + '/targets', fetch }
      await refresh(JSON.parse(process.argv[2]), source, { now, systemNow: now, floors: { root: 0, snapshot: 0, timestamp: 0 } })`
    const args = ['--input-type=module', '--eval', program, server.origin, JSON.stringify(device.place)]
    const child = spawn(process.execPath, args, { stdio: 'inherit' })
    onTestFinished(() => void child.kill('SIGKILL'))
    const ended = once(child, 'exit')
    await reached
    child.kill('SIGKILL')
    await ended
    expect((await readdir(device.place.copy)).some((name) => name.startsWith('work-'))).toBe(true)
    expect(await device.read()).toBe('office 1')
    server.answers.clear()
    expect((await device.refresh()).held.map(({ path }) => path)).toEqual([office])
    expect((await readdir(device.place.copy)).sort()).toEqual(['accepted.json', 'roots', 'targets'])
  })

  it('because the copy cannot be written is named, and goes on once it can', async () => {
    const { device } = await movedOn()
    await device.refresh()
    const blocked = targetFile(device.place, digest(Buffer.from('office 2')))
    await mkdir(join(blocked, 'in the way'), { recursive: true })
    await expect(device.download(office2)).rejects.toThrow(coded('storage-failed'))
    expect(await device.read()).toBe('office 1')
    await rm(blocked, { recursive: true })
    expect(await device.download(office2)).toMatchObject({ path: office2 })
  })
})

function withLengths(meta: unknown, length: number): Fields {
  return Object.fromEntries(Object.entries(Object(meta)).map(([file, value]) => [file, { ...Object(value), length }]))
}
