// SPDX-License-Identifier: Apache-2.0
import { execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { access, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises'
import { type AddressInfo, createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import { createV86Backend } from '../../src/v86/backend.ts'
import { childCommandLine } from '../../src/v86/command-line.ts'
import { requireContainment } from '../../src/v86/contain.ts'
import { echoDisk } from './boot-code.ts'
import { V86Fixture } from './v86-fixture.ts'

const run = promisify(execFile)
const attempts = fileURLToPath(new URL('./escape-attempts.ts', import.meta.url))
let root: string
let fixture: V86Fixture

beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), 'contain-'))
  fixture = await V86Fixture.make()
})
afterAll(async () => {
  await fixture.close()
  await rm(root, { recursive: true })
})

describe('the containment of the child', () => {
  it('denies what the same program can do outside: network, files, processes, workers, environment', async () => {
    const server = createServer((socket) => socket.end('secret'))
    server.listen(0, '127.0.0.1')
    await once(server, 'listening')
    const { port } = server.address() as AddressInfo
    const unix = join(root, 'host.sock')
    const host = createServer((socket) => socket.end('secret'))
    host.listen(unix)
    await once(host, 'listening')
    const file = join(root, 'secret')
    await writeFile(file, 'secret', { mode: 0o644 })
    const words = [String(port), unix, file, join(root, 'written')]
    const outside = await run(process.execPath, [attempts, ...words], { env: { SECRET: 'x' } })
    expect(JSON.parse(outside.stdout)).toEqual({
      tcp: 'secret',
      unixSocket: 'secret',
      readFile: 'secret',
      writeFile: 'done',
      childProcess: 'done',
      worker: 'done',
      environment: 'x',
    })
    await rm(join(root, 'written'))
    const [command = '', ...args] = childCommandLine({ node: process.execPath, entry: attempts, reads: [attempts] })
    const inside = await run(command, [...args, ...words], { env: {} })
    expect(JSON.parse(inside.stdout)).toEqual({
      tcp: 'ENETUNREACH',
      unixSocket: 'secret',
      readFile: 'ERR_ACCESS_DENIED',
      writeFile: 'ERR_ACCESS_DENIED',
      childProcess: 'ERR_ACCESS_DENIED',
      worker: 'ERR_ACCESS_DENIED',
      environment: 'none',
    })
    await expect(access(join(root, 'written'))).rejects.toMatchObject({ code: 'ENOENT' })
    server.close()
    host.close()
  })

  it('is tried by a probe, and its absence is named', async () => {
    await expect(requireContainment(join(root, 'no-unshare'))).rejects.toMatchObject({
      code: 'containment-missing',
      message: expect.stringContaining('no-unshare'),
    })
    await requireContainment()
  })

  it('starts the child: where it is missing there is none, and no machine', async () => {
    const spec = await fixture.spec(await fixture.disk(echoDisk()))
    const uncontained = createV86Backend({ unshare: join(root, 'no-unshare') })
    await expect(uncontained.open(spec)).rejects.toMatchObject({ code: 'containment-missing' })
    expect((await readdir(spec.runtimeFolder)).length).toBe(0)
    expect((await fixture.open(spec)).state).toBe('prepared')
    expect((await readdir(spec.runtimeFolder)).length).toBeGreaterThan(0)
  })

  it('ends with the process that opened the machine, however that one ends', async () => {
    const spec = await fixture.spec(await fixture.disk(echoDisk()))
    const owner = spawn(process.execPath, [fileURLToPath(new URL('./machine-owner.ts', import.meta.url)), JSON.stringify(spec)], {
      stdio: ['ignore', 'pipe', 'inherit'],
    })
    const [line] = await once(owner.stdout, 'data')
    const pid = Number(String(line))
    expect(process.kill(pid, 0)).toBe(true)
    owner.kill('SIGKILL')
    await vi.waitFor(() => expect(() => process.kill(pid, 0)).toThrow('ESRCH'), { timeout: 10_000 })
  })
})
