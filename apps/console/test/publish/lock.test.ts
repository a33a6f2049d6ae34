// SPDX-License-Identifier: Apache-2.0
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { readdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, it, onTestFinished } from 'vitest'
import { folderStore } from '../../src/publish/folder-store.ts'
import { coded, freshFolder } from './organisation.ts'

const holder = `
import { folderStore } from ${JSON.stringify(join(import.meta.dirname, '../../src/publish/folder-store.ts'))}
await folderStore(process.argv[1]).exclusively(() => new Promise(() => { console.log('held'); setInterval(() => undefined, 1000) }))`

async function heldElsewhere(folder: string) {
  const child = spawn(process.execPath, ['--input-type=module', '--eval', holder, folder], { stdio: ['ignore', 'pipe', 'inherit'] })
  onTestFinished(() => void child.kill('SIGKILL'))
  await once(child.stdout, 'data')
  return child
}

describe('a repository in a folder', () => {
  it('lets the acts of one process follow each other, also after one that failed', async () => {
    const folder = await freshFolder()
    const order: string[] = []
    const act = (name: string) => async () => {
      order.push(`${name} begins`)
      await readdir(folder)
      order.push(`${name} ends`)
      if (name === 'b') throw new Error('b failed')
    }
    const [one, two] = [folderStore(folder), folderStore(`${folder}/.`)]
    const results = await Promise.allSettled([one.exclusively(act('a')), two.exclusively(act('b')), one.exclusively(act('c'))])
    expect(order).toEqual(['a begins', 'a ends', 'b begins', 'b ends', 'c begins', 'c ends'])
    expect(results.map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'fulfilled'])
  })

  it('refuses while another process is at work, and goes on once that process is gone', async () => {
    const folder = await freshFolder()
    const child = await heldElsewhere(folder)
    await expect(folderStore(folder).exclusively(async () => 1)).rejects.toThrow(coded('repository-busy'))
    const ended = once(child, 'exit')
    child.kill('SIGKILL')
    await ended
    expect(await readFile(join(folder, 'lock'), 'utf8')).toContain(`${child.pid}`)
    expect(await folderStore(folder).exclusively(async () => 1)).toBe(1)
    expect(await readdir(folder)).toEqual([])
  })

  it('takes over a lock that an earlier process of the same id left', async () => {
    const folder = await freshFolder()
    await writeFile(join(folder, 'lock'), `${process.pid} earlier-boot 1`)
    expect(await folderStore(folder).exclusively(async () => 1)).toBe(1)
  })

  it('takes over a lock whose process id belongs to another process by now', async () => {
    const folder = await freshFolder()
    await writeFile(join(folder, 'lock'), `${process.ppid} earlier-boot 1`)
    expect(await folderStore(folder).exclusively(async () => 1)).toBe(1)
  })

  it('writes whole files and leaves none of its own', async () => {
    const folder = await freshFolder()
    const store = folderStore(folder)
    await store.write('a/b/c.json', Uint8Array.of(1))
    await store.write('a/b/c.json', Uint8Array.of(2))
    expect(await store.read('a/b/c.json')).toEqual(Uint8Array.of(2))
    expect(await store.list('a/b')).toEqual(['a/b/c.json'])
    expect(await readdir(join(folder, 'a/b'))).toEqual(['c.json'])
    expect([await store.read('a/d'), await store.list('x')]).toEqual([undefined, []])
    await store.remove('a/b/c.json')
    expect(await store.read('a/b/c.json')).toBeUndefined()
  })
})
