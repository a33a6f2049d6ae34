// SPDX-License-Identifier: Apache-2.0
//
// Against the agent that guests run, as a process of this computer behind a socket: contained, and without what would change this computer.
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { createConnection, type Socket } from 'node:net'
import { release, tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { GuestAgent } from '../../src/guest/agent.ts'
import { AgentChannel } from '../../src/guest/agent-channel.ts'
import { copyFromGuest, copyToGuest } from '../../src/guest/copy-file.ts'
import { runCommand } from '../../src/guest/run-command.ts'

const blocked = ['guest-shutdown', 'guest-set-time', 'guest-fsfreeze-freeze', 'guest-fsfreeze-freeze-list', 'guest-suspend-disk', 'guest-suspend-ram']

/** Of this computer the agent sees programs and libraries, and may write into `folder` only. */
const box = (folder: string): string[] => [
  ...['--unshare-all', '--die-with-parent', '--ro-bind', '/usr', '/usr', '--ro-bind', '/etc', '/etc', '--symlink', 'usr/bin', '/bin'],
  ...['--symlink', 'usr/lib', '/lib', '--symlink', 'usr/lib64', '/lib64', '--proc', '/proc', '--dev', '/dev', '--bind', folder, folder],
]

describe('qemu-ga', () => {
  let folder: string
  let process: ChildProcess
  let socket: Socket
  let channel: AgentChannel
  let agent: GuestAgent

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'ga-'))
    const path = join(folder, 's')
    const options = ['-m', 'unix-listen', '-p', path, '-t', folder, '-f', join(folder, 'pid'), '-b', blocked.join(',')]
    process = spawn('bwrap', [...box(folder), 'qemu-ga', ...options], { stdio: ['ignore', 'inherit', 'inherit'] })
    while (!existsSync(path)) {
      expect(process.exitCode).toBeNull()
      await wait(20)
    }
    socket = createConnection(path)
    await once(socket, 'connect')
    channel = new AgentChannel(socket)
    agent = new GuestAgent(channel)
  })
  afterAll(async () => {
    socket.destroy()
    process.kill('SIGKILL')
    await once(process, 'exit')
    await rm(folder, { recursive: true })
  })

  it('says what it is and what it may be asked for', async () => {
    await agent.ping()
    const { version, commands } = await agent.info()
    expect(version).toMatch(/^\d+\.\d+\.\d+$/)
    expect(commands.has('guest-exec')).toBe(true)
    expect(commands.has('guest-shutdown')).toBe(false)
  })

  it('tells the system, its addresses and its time', async () => {
    expect(await agent.system()).toMatchObject({ id: 'debian', name: expect.stringMatching(/^Debian/), kernel: release() })
    expect(await agent.interfaces()).toContainEqual({
      name: 'lo',
      mac: '00:00:00:00:00:00',
      addresses: [
        { address: '127.0.0.1', prefix: 8 },
        { address: '::1', prefix: 128 },
      ],
    })
    expect(Math.abs((await agent.time()) - Date.now())).toBeLessThan(5000)
  })

  it('takes files and gives them back, of several pieces too', async () => {
    const bytes = Buffer.from(Array.from({ length: 120_000 }, (_, at) => (at * 7) % 251))
    await copyToGuest(channel, join(folder, 'in'), bytes)
    expect(Buffer.compare(await readFile(join(folder, 'in')), bytes)).toBe(0)
    expect(Buffer.compare(await copyFromGuest(channel, join(folder, 'in'), bytes.length), bytes)).toBe(0)
  })

  it('gives no file that is larger than was asked for, and gives it at its size', async () => {
    await writeFile(join(folder, 'out'), 'five!')
    await expect(copyFromGuest(channel, join(folder, 'out'), 4)).rejects.toMatchObject({ code: 'guest-file-too-large' })
    expect((await copyFromGuest(channel, join(folder, 'out'), 5)).toString()).toBe('five!')
  })

  it('refuses a file that is not there in its own words, and takes the next request', async () => {
    await expect(copyFromGuest(channel, join(folder, 'none'), 10)).rejects.toMatchObject({
      code: 'guest-agent-refused',
      message: expect.stringContaining('none'),
    })
    await agent.ping()
  })

  it('runs a command without a shell and says how it ended', async () => {
    const echoed = await runCommand(channel, { path: '/usr/bin/echo', args: ['$HOME', 'a b'], maxBytes: 100, deadlineMs: 5000 })
    expect(echoed).toEqual({ exitCode: 0, output: Buffer.from('$HOME a b\n'), errorOutput: Buffer.alloc(0), truncated: false })
    const failed = await runCommand(channel, { path: '/usr/bin/cat', args: [join(folder, 'none')], maxBytes: 20, deadlineMs: 5000 })
    expect(failed).toMatchObject({ exitCode: 1, truncated: true })
    expect(failed.errorOutput.length).toBe(20)
    const fed = await runCommand(channel, { path: '/usr/bin/wc', args: ['-c'], input: Buffer.from('12345'), maxBytes: 20, deadlineMs: 5000 })
    expect(fed.output.toString().trim()).toBe('5')
  })

  it('does not wait for a command beyond its deadline, and waits within it', async () => {
    await expect(runCommand(channel, { path: '/usr/bin/sleep', args: ['5'], maxBytes: 0, deadlineMs: 200 })).rejects.toMatchObject({
      code: 'time-out',
    })
    expect(await runCommand(channel, { path: '/usr/bin/sleep', args: ['0.2'], maxBytes: 0, deadlineMs: 5000 })).toMatchObject({ exitCode: 0 })
  })

  it('survives an answer that is too long to be taken', async () => {
    const all = { path: '/usr/bin/head', maxBytes: 1 << 20, deadlineMs: 10_000 }
    await expect(runCommand(channel, { ...all, args: ['-c', '2000000', '/dev/zero'] })).rejects.toMatchObject({ code: 'guest-agent-protocol' })
    expect((await runCommand(channel, { ...all, args: ['-c', '500000', '/dev/zero'] })).output.length).toBe(500_000)
  })

  it('refuses what it was told never to do', async () => {
    await expect(agent.setTime(Date.now())).rejects.toMatchObject({ code: 'guest-agent-refused' })
    let ran = false
    const freeze = agent.whileFrozen(async () => {
      ran = true
    })
    await expect(freeze).rejects.toMatchObject({ code: 'guest-agent-refused' })
    expect(ran).toBe(false)
  })
})
