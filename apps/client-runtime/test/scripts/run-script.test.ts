// SPDX-License-Identifier: Apache-2.0
//
// What a script of a package can do on the host, and what it cannot; beside each refusal stands the same act by this process, or by the
// script where it may.
import { execFile } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { createServer } from 'node:net'
import { homedir, tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { describe, expect, it, onTestFinished } from 'vitest'
import { canRunScripts, mostOutputBytes, runScript } from '../../session-host/scripts/run-script.ts'

const run = (lines: string, environment: Readonly<Record<string, string>> = {}, seconds = 20) =>
  runScript({ text: `#!/bin/sh\n${lines}\n`, environment, seconds })

describe('a script of a package', () => {
  it('is run by its interpreter, and ends with its own code', async () => {
    expect(await canRunScripts()).toBe(true)
    expect(await run('echo yes; exit 0')).toEqual({ exit: 0, late: false, output: 'yes\n' })
    expect(await run('echo no >&2; exit 3')).toEqual({ exit: 3, late: false, output: 'no\n' })
    expect(await runScript({ text: '#!/bin/no-such-shell\n', environment: {}, seconds: 20 })).toMatchObject({ exit: 1, late: false })
  })

  it('gets the environment that is given, and nothing of this process', async () => {
    const { output } = await run('env | sort', { CASEMATE_DESKTOP: 'demo; exit 9' })
    expect(output.split('\n').filter((line) => !/^(_|SHLVL|OLDPWD)=/.test(line))).toEqual([
      'CASEMATE_DESKTOP=demo; exit 9',
      'PATH=/usr/bin:/usr/sbin',
      'PWD=/tmp',
      '',
    ])
  })

  it('says at most 4096 bytes, however much it prints, and only what can be printed', async () => {
    const { exit, output } = await run('head -c 3000000 /dev/zero | tr "\\0" x; exit 0')
    expect([exit, output]).toEqual([0, 'x'.repeat(mostOutputBytes)])
    expect((await run("printf 'a\\033[2Jb\\tc\\n'")).output).toBe('a?[2Jb\tc\n')
  })

  it('reads what is installed, and no file of the user or of the system beside it', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'script-'))
    onTestFinished(() => rm(folder, { recursive: true }))
    const secret = join(folder, 'secret')
    await writeFile(secret, 'a secret')
    expect(await readFile('/etc/passwd', 'utf8')).toContain('root')
    expect((await run('cat /etc/os-release')).output).toBe(await readFile('/etc/os-release', 'utf8'))
    for (const path of [secret, '/etc/passwd', '/etc/hostname', homedir(), '/var/lib', '/run', '/sys', `/proc/${process.pid}`]) {
      expect([path, (await run(`test ! -e ${path}`)).exit]).toEqual([path, 0])
    }
  })

  it('writes below /tmp alone, and that is gone with it', async () => {
    expect((await run('echo here > /tmp/note && cat /tmp/note')).output).toBe('here\n')
    expect((await run('cat /tmp/note')).exit).toBe(1)
    for (const path of ['/note', '/usr/note', '/usr/bin/sh', '/etc/os-release', '/script']) expect((await run(`echo x > ${path}`)).exit).not.toBe(0)
    const filled = await run('head -c 33554432 /dev/zero > /tmp/large; test $(stat -c %s /tmp/large) -le 16777216')
    expect(filled.exit).toBe(0)
  })

  it('reaches no network: not even this computer', async () => {
    const server = createServer((socket) => socket.end('here\n')).listen(0, '127.0.0.1')
    onTestFinished(() => void server.close())
    await once(server, 'listening')
    const address = server.address()
    const port = typeof address === 'object' ? address?.port : 0
    const ask = `exec 3<>/dev/tcp/127.0.0.1/${port}; cat <&3`
    expect((await promisify(execFile)('/bin/bash', ['-c', ask])).stdout).toBe('here\n')
    expect(await runScript({ text: `#!/bin/bash\n${ask}\n`, environment: {}, seconds: 20 })).toMatchObject({ exit: 1 })
  })

  it('has no right, and sees no process but its own', async () => {
    expect((await run("grep -E '^(Uid|CapEff|CapBnd)' /proc/self/status")).output.replaceAll(/\s+/g, ' ')).toBe(
      'Uid: 65534 65534 65534 65534 CapEff: 0000000000000000 CapBnd: 0000000000000000 ',
    )
    expect(Number((await run('ls /proc | grep -c "^[0-9]"')).output)).toBeLessThan(8)
    expect((await run('ulimit -c; ulimit -n')).output).toBe('0\n64\n')
  })

  it('is ended when its time is over, with all that it started', async () => {
    const word = `sleep 47.${process.pid}`
    const sleepers = async () => (await promisify(execFile)('pgrep', ['-f', word]).catch(() => ({ stdout: '' }))).stdout
    expect(await run(`(${word}) & echo begun; ${word}`, {}, 1)).toEqual({ exit: null, late: true, output: 'begun\n' })
    await expect.poll(sleepers).toBe('')
    expect(await run('sleep 0.2; echo begun', {}, 20)).toEqual({ exit: 0, late: false, output: 'begun\n' })
  })

  it('is ended when nobody waits for it any more', async () => {
    const signal = AbortSignal.timeout(300)
    await expect(runScript({ text: '#!/bin/sh\nsleep 60\n', environment: {}, seconds: 60, signal })).rejects.toMatchObject({ name: 'TimeoutError' })
  })
})
