// SPDX-License-Identifier: Apache-2.0
//
// The tools of QEMU and libnbd against a sealed disk and against a writable one.
import { execFile } from 'node:child_process'
import { once } from 'node:events'
import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { describe, expect, it, onTestFinished } from 'vitest'
import { serveNbd } from '../src/nbd/serve.ts'
import { openPackageDisk } from '../src/read/package-device.ts'
import { flipBit, mixedDisk, sealContent, systemDisk, temporaryFolder } from './disks.ts'
import { MemoryDevice } from './memory-device.ts'

const run = promisify(execFile)

/** Standard output and error of a tool that fails. */
async function failureOf(tool: string, args: readonly string[]): Promise<string> {
  try {
    await run(tool, args)
  } catch (error) {
    return error instanceof Error ? error.message : String(error)
  }
  throw new Error(`${tool} was expected to fail`)
}

async function serveSealed() {
  const sealed = await sealContent(mixedDisk())
  const disk = await openPackageDisk({ disk: systemDisk(sealed), packageKey: sealed.packageKey, origin: sealed.store })
  const socketPath = join(sealed.folder, 'nbd')
  const errors: unknown[] = []
  const server = await serveNbd({ socketPath, exports: new Map([['system', disk]]), onReadError: (_, error) => errors.push(error) })
  onTestFinished(() => server.close())
  const uri = `nbd+unix:///system?socket=${socketPath}`
  const node = `driver=nbd,server.type=unix,server.path=${socketPath},export=system`
  return { ...sealed, uri, node, errors, path: join(sealed.folder, 'system.img') }
}

describe('a sealed disk over NBD', () => {
  it('is described truly by nbdinfo', async () => {
    const { uri, content } = await serveSealed()
    const { exports } = JSON.parse((await run('nbdinfo', ['--json', uri])).stdout)
    expect(exports).toMatchObject([
      { 'export-name': 'system', is_read_only: true, can_multi_conn: true, can_df: true, contexts: ['base:allocation'] },
    ])
    expect(exports[0]['export-size']).toBe(content.length)
    const map: { offset: number; length: number; type: number }[] = JSON.parse((await run('nbdinfo', ['--json', '--map', uri])).stdout)
    for (const { offset, length, type } of map) expect(content.subarray(offset, offset + length).every((byte) => byte === 0)).toBe(type === 3)
    expect(map.reduce((sum, { length }) => sum + length, 0)).toBe(content.length)
  })

  it('is copied byte for byte by nbdcopy over several connections', async () => {
    const { uri, content, folder } = await serveSealed()
    const copy = join(folder, 'copy.img')
    await run('nbdcopy', ['--connections=4', uri, copy])
    expect((await readFile(copy)).equals(content)).toBe(true)
  })

  it('is converted and compared by qemu-img', async () => {
    const { uri, node, path, content, folder } = await serveSealed()
    expect((await run('qemu-img', ['compare', '-f', 'raw', '-F', 'raw', path, uri])).stdout).toContain('Images are identical.')
    const copy = join(folder, 'copy.img')
    await run('qemu-img', ['convert', '--image-opts', '-O', 'raw', node, copy])
    expect((await readFile(copy)).equals(content)).toBe(true)
    await flipBit(copy, 8 * 5000)
    expect(await failureOf('qemu-img', ['compare', '-f', 'raw', '-F', 'raw', copy, uri])).toContain('Command failed')
  })

  it('takes no write from qemu-io', async () => {
    const { uri, content } = await serveSealed()
    expect(await failureOf('qemu-io', ['-f', 'raw', '-c', 'write -P 1 0 4096', uri])).toMatch(/read-only|Permission denied|not permitted/i)
    expect((await run('qemu-io', ['-r', '-f', 'raw', '-c', 'read 0 4096', uri])).stdout).toContain('read 4096/4096 bytes')
    expect(content).toHaveLength(2 * 1_048_576)
  })

  it('answers an I/O error where a chunk is altered, and the true bytes elsewhere', async () => {
    const { uri, store, folder, errors } = await serveSealed()
    for await (const { name } of store.list()) await flipBit(join(folder, 'store', name.slice(0, 2), name), 8 * 10)
    // Root and page are open already; the page is read again from its cache in memory only once it was needed.
    expect(await failureOf('qemu-io', ['-r', '-f', 'raw', '-c', 'read 0 4096', uri])).toContain('Command failed')
    expect(errors).toMatchObject([{ code: 'page-altered' }])
    for await (const { name } of store.list()) await flipBit(join(folder, 'store', name.slice(0, 2), name), 8 * 10)
    expect((await run('qemu-io', ['-r', '-f', 'raw', '-c', 'read 0 4096', uri])).stdout).toContain('read 4096/4096 bytes')
  })
})

describe('a writable disk over NBD', () => {
  async function serveWritable() {
    const device = new MemoryDevice(8 * 1_048_576)
    const folder = await temporaryFolder()
    const socketPath = join(folder, 'nbd')
    const server = await serveNbd({ socketPath, exports: new Map([['user', device]]) })
    onTestFinished(() => server.close())
    return { device, folder, uri: `nbd+unix:///user?socket=${socketPath}` }
  }

  it('takes writes, zeroes, discards and flushes of qemu-io, and compares equal afterwards', async () => {
    const { device, folder, uri } = await serveWritable()
    const commands = [
      'write -P 165 1000 300000',
      'write -z 50000 100000',
      'discard 4M 64k',
      'flush',
      'read -P 0 50000 100000',
      'read -P 165 150000 1000',
    ]
    const { stdout } = await run('qemu-io', ['-f', 'raw', '-d', 'unmap', ...commands.flatMap((command) => ['-c', command]), uri])
    expect(stdout).not.toContain('Pattern verification failed')
    expect(device.flushes).toBeGreaterThan(0)
    expect(device.trimmed).toEqual([[4_194_304, 65_536]])
    const expected = Buffer.alloc(device.size)
    expected.fill(165, 1000, 301_000)
    expected.fill(0, 50_000, 150_000)
    expect(device.bytes.equals(expected)).toBe(true)
    const path = join(folder, 'expected.img')
    await writeFile(path, expected)
    expect((await run('qemu-img', ['compare', '-f', 'raw', '-F', 'raw', path, uri])).stdout).toContain('Images are identical.')
  })

  it('is filled by nbdcopy', async () => {
    const { device, folder, uri } = await serveWritable()
    const path = join(folder, 'source.img')
    const source = Buffer.concat([mixedDisk(), mixedDisk(), mixedDisk(), mixedDisk()])
    await writeFile(path, source)
    await run('nbdcopy', ['--flush', path, uri])
    expect(device.bytes.equals(source)).toBe(true)
    expect(device.flushes).toBeGreaterThan(0)
  })
})

describe('QEMU', () => {
  it('opens a sealed disk as a read-only block device', async () => {
    const { node, content } = await serveSealed()
    const commands = ['{"execute":"qmp_capabilities"}', '{"execute":"query-named-block-nodes"}', '{"execute":"quit"}']
    const qemu = execFile('qemu-system-x86_64', [
      ...['-machine', 'none', '-nodefaults', '-display', 'none', '-qmp', 'stdio'],
      ...['-blockdev', `${node},node-name=system,read-only=on,cache.direct=on`],
    ])
    const output: string[] = []
    qemu.stdout?.on('data', (text: string) => output.push(text))
    qemu.stdin?.write(commands.join('\n'))
    const [code] = await once(qemu, 'close')
    expect(code).toBe(0)
    const replies = output
      .join('')
      .split('\n')
      .filter((line) => line.includes('"return"'))
    const nodes = replies.map((line) => JSON.parse(line).return).find((value) => Array.isArray(value))
    expect(nodes).toMatchObject([{ 'node-name': 'system', drv: 'nbd', ro: true, image: { 'virtual-size': content.length } }])
  })
})
