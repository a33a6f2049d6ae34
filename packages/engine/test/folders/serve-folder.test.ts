// SPDX-License-Identifier: Apache-2.0
//
// The contained server of a shared folder, asked over its own protocol for all that leads out of it. Each refusal has its twin inside.
import { execFileSync } from 'node:child_process'
import { once } from 'node:events'
import { link, lstat, mkdir, mkdtemp, readdir, readFile, realpath, rename, rm, stat, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { Reader, Writer } from '../../src/folders/child/wire.ts'
import { canServeFolders, type FolderServer, serveFolder } from '../../src/folders/serve-folder.ts'
import { NineClient, O } from './nine-client.ts'

let root: string
let folder: string
const servers: FolderServer[] = []

beforeEach(async () => {
  root = await realpath(await mkdtemp(join(tmpdir(), 'cm-9p-')))
  folder = join(root, 'shared')
  await mkdir(join(folder, 'below'), { recursive: true })
  await writeFile(join(root, 'secret'), 'outside')
  await writeFile(join(folder, 'note'), 'inside')
  await writeFile(join(folder, 'below', 'deep'), 'deeper')
})
afterEach(async () => {
  for (const server of servers.splice(0)) await server.close()
  await rm(root, { recursive: true, force: true })
})

async function attached(readOnly = false): Promise<NineClient> {
  const server = await serveFolder({ path: folder, readOnly }, join(root, `run${servers.length}`))
  servers.push(server)
  return NineClient.attached((connection) => server.serve(connection))
}

describe('a shared folder', () => {
  it('can be served here', async () => expect(await canServeFolders()).toBe(true))

  it('gives what lies in it, and nothing by a name that is more than a name', async () => {
    const client = await attached()
    expect(await client.read('note')).toBe('inside')
    expect(await client.read('below', 'deep')).toBe('deeper')
    expect(await client.read('below', '..', 'note')).toBe('inside')
    for (const names of [['../secret'], ['/etc/passwd'], ['below/deep'], [''], ['.'], ['note\0x']]) expect(await client.read(...names)).toBe('EINVAL')
    // Above the folder is the folder.
    expect(await client.read('..', 'note')).toBe('inside')
    expect(await client.read('..', '..', 'secret')).not.toBe('outside')
    expect(await client.create(0, '../made', 'x')).toBe('EINVAL')
    expect(await client.create(0, 'made', 'x')).toBe('written')
    expect((await readdir(root)).includes('made')).toBe(false)
  })

  it('follows no link itself, and makes only those that stay below where they lie', async () => {
    await symlink(join(root, 'secret'), join(folder, 'absolute'))
    await symlink('../secret', join(folder, 'relative'))
    await symlink('..', join(folder, 'upwards'))
    await symlink('note', join(folder, 'within'))
    const client = await attached()
    for (const names of [['absolute'], ['relative'], ['within']]) expect(await client.read(...names)).toBe('ELOOP')
    expect(await client.walk('upwards', 'secret')).toBe('partly')
    const target = async (name: string) => {
      const answer = await client.ask(22, new Writer().u32(Number(await client.walk(name))))
      return typeof answer === 'string' ? answer : answer.text()
    }
    expect([await target('within'), await target('relative')]).toEqual(['note', '../secret'])
    const make = (name: string, to: string) => client.said(16, new Writer().u32(0).text(name).text(to).u32(0))
    for (const to of ['/etc/passwd', '../secret', 'below/../../secret', '..', '']) expect(await make('made', to)).toBe('EPERM')
    expect(await make('made', 'below/deep')).toBe('done')
    expect(await readFile(join(folder, 'made'), 'utf8')).toBe('deeper')
  })

  it('is not left while a folder of it is swapped for a link', async () => {
    const client = await attached()
    const swap = async () => {
      await rename(join(folder, 'below'), join(folder, 'kept'))
      await symlink(root, join(folder, 'below'))
      await new Promise(setImmediate)
      await rm(join(folder, 'below'))
      await rename(join(folder, 'kept'), join(folder, 'below'))
    }
    const read = new Set<string>()
    for (let turn = 0; turn < 40; turn++) {
      const asked = [client.read('below', 'secret'), client.create(0, 'x', ''), client.read('below', 'deep')]
      await swap()
      for (const one of await Promise.all(asked)) read.add(one)
    }
    expect(read).toContain('deeper')
    expect(read).not.toContain('outside')
    // A place that was reached before goes by the same way again.
    const fid = Number(await client.walk('below'))
    await rename(join(folder, 'below'), join(folder, 'kept'))
    await symlink(root, join(folder, 'below'))
    expect(await client.create(fid, 'planted', 'x')).toBe('ENOTDIR')
    expect(await readdir(root)).not.toContain('planted')
  })

  it('makes files of its user without set-uid bits, and no devices, pipes or hard links', async () => {
    await link(join(root, 'secret'), join(root, 'other'))
    execFileSync('mkfifo', [join(folder, 'pipe')])
    const client = await attached()
    expect(await client.create(0, 'tool', 'x', 0o6755)).toBe('written')
    const made = await stat(join(folder, 'tool'))
    expect({ mode: made.mode & 0o7777, uid: made.uid }).toEqual({ mode: 0o755, uid: process.getuid?.() })
    const tool = Number(await client.walk('tool'))
    const attributes = (mode: number) => new Writer().u32(tool).u32(1).u32(mode).u32(0).u32(0).u64(0n).u64(0n).u64(0n).u64(0n).u64(0n)
    expect(await client.said(26, attributes(0o4711))).toBe('done')
    expect((await stat(join(folder, 'tool'))).mode & 0o7777).toBe(0o711)
    const note = Number(await client.walk('note'))
    expect(await client.said(70, new Writer().u32(0).u32(note).text('hard'))).toBe('EPERM')
    expect(await client.said(18, new Writer().u32(0).text('disk').u32(0o60600).u32(8).u32(0).u32(0))).toBe('EPERM')
    expect(await client.read('pipe')).toBe('EACCES')
    expect(await readdir(folder)).not.toContain('disk')
    expect(await client.said(72, new Writer().u32(0).text('made').u32(0o7755).u32(0))).toBe('done')
    expect((await lstat(join(folder, 'made'))).mode & 0o7777).toBe(0o755)
  })

  it('is written, renamed and emptied where it is for writing, and refuses all of it where it is only for reading', async () => {
    const acts = async (client: NineClient) => {
      const note = Number(await client.walk('note'))
      return [
        await client.said(12, new Writer().u32(note).u32(O.write)),
        await client.create(0, 'new', 'text'),
        await client.said(16, new Writer().u32(0).text('link').text('note').u32(0)),
        await client.said(72, new Writer().u32(0).text('folder').u32(0o755).u32(0)),
        await client.said(74, new Writer().u32(0).text('note').u32(0).text('renamed')),
        await client.said(76, new Writer().u32(0).text('renamed').u32(0)),
      ]
    }
    const reading = await attached(true)
    expect(await acts(reading)).toEqual(Array(6).fill('EROFS'))
    expect(await reading.read('note')).toBe('inside')
    expect((await readdir(folder)).sort()).toEqual(['below', 'note'])
    expect(await acts(await attached())).toEqual(['done', 'written', 'done', 'done', 'done', 'done'])
    expect((await readdir(folder)).sort()).toEqual(['below', 'folder', 'link', 'new'])
    expect(await readFile(join(folder, 'new'), 'utf8')).toBe('text')
  })

  it('is gone at once for whoever has a file of it open', async () => {
    const client = await attached()
    const fid = Number(await client.walk('note'))
    await client.ask(12, new Writer().u32(fid).u32(O.readWrite))
    expect(await client.said(118, new Writer().u32(fid).u64(0n).u32(1).raw(Buffer.from('I')))).toBe('done')
    await servers.splice(0)[0]?.close()
    expect(await client.said(118, new Writer().u32(fid).u64(0n).u32(1).raw(Buffer.from('X')))).toBe('gone')
    expect(await readFile(join(folder, 'note'), 'utf8')).toBe('Inside')
  })

  it('answers all of many questions that are asked at once, each with more than the way to the guest holds', async () => {
    await writeFile(join(folder, 'large'), Buffer.alloc(60_000, 'x'))
    const client = await attached(true)
    const fid = Number(await client.walk('large'))
    await client.ask(12, new Writer().u32(fid).u32(O.read))
    client.stream.pause()
    const asked = Array.from({ length: 300 }, () => client.ask(116, new Writer().u32(fid).u64(0n).u32(60_000)))
    client.stream.resume()
    const lengths = (await Promise.all(asked)).map((answer) => (answer instanceof Reader ? answer.data().length : answer))
    expect(new Set(lengths)).toEqual(new Set([60_000]))
  })

  it('ends a connection that does not speak its protocol, and no other', async () => {
    const client = await attached()
    const [server] = servers
    for (const bytes of [Buffer.from('ffffffff640100', 'hex'), Buffer.from('0900000064010000ff', 'hex'), Buffer.from('GET / HTTP/1.0\r\n')]) {
      const other = new NineClient((connection) => server?.serve(connection))
      other.stream.write(bytes)
      await once(other.stream, 'close')
    }
    expect(await client.read('note')).toBe('inside')
  })

  it('is not served once another folder lies where it was chosen', async () => {
    const [wrong, right] = [join(root, 'run-wrong'), join(root, 'run-right')]
    await expect(serveFolder({ path: join(root, 'secret'), readOnly: true }, wrong)).rejects.toMatchObject({ code: 'folder-failed' })
    servers.push(await serveFolder({ path: folder, readOnly: true }, right))
  })
})
