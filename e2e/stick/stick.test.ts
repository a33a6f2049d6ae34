// SPDX-License-Identifier: Apache-2.0
//
// A stick from `casemate-admin export --stick`: its own Node, runtime and data. It enrols once; then its desktop runs with the console gone,
// from what the stick brought.
import { type ChildProcess, execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { chmod, mkdir, mkdtemp, readdir, readlink, rm, stat } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { promisify } from 'node:util'
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest'
import { instanceView } from '../../apps/client-runtime/local-api.ts'
import { RfbClient } from '../screen/rfb-client.ts'
import { ADMIN } from '../session-host/make-release.ts'
import { PROMPT } from '../session-host/start-session.ts'
import { DESKTOP, Organisation } from '../story/organisation.ts'
import { runOk } from '../story/run-command.ts'
import { Viewer } from '../story/viewer.ts'
import { waitUntil } from '../story/world.ts'

const limitMs = 180_000
/** Nothing of the environment that the test runs in: no path to another Node, no cache. */
const bare = { PATH: '/usr/bin:/bin' }
const hours = { warnMinutes: 600, restrictMinutes: 1200, suspendMinutes: 1800, maxRuntimeMinutes: null, maxBoots: null }

let folder: string
let stick: string
let organisation: Organisation

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'stick-'))
  stick = join(folder, 'stick')
  organisation = new Organisation(join(folder, 'org'), join(folder, 'passphrase'))
  await organisation.create()
  await organisation.start()
  const { layout, passphraseOption } = organisation
  const disks = join(folder, 'disks')
  await runOk('tools/demo-guest/main.ts', ['--json', '--out', disks, '--release', '1'])
  await runOk(ADMIN, [
    ...['seal', '--name', 'demo', '--version', '1', '--machine', join(disks, 'machine.yaml'), '--store', layout.objects],
    ...['--disk', `system=${join(disks, 'system.raw')}`, '--disk', `user=${join(disks, 'user.raw')}:user`],
    ...['--org-key', layout.key('chunk'), ...passphraseOption, '--out', join(folder, 'sealed')],
  ])
  await organisation.run('package', 'stage', '--sealed', join(folder, 'sealed'))
  await organisation.approve('packages')
  const policy = await organisation.publishPolicy([
    { setting: 'activation', value: 'none' },
    { setting: 'authentication', value: { mode: 'none' } },
    { setting: 'exit', value: 'user' },
    { setting: 'offline', value: hours },
  ])
  await organisation.publishRelease('1', policy)
  await organisation.run('desktop', 'assign', '--desktop', DESKTOP, '--user', 'ada')
  await organisation.run('export', '--desktop', DESKTOP, ...passphraseOption, '--out', stick, '--stick')
}, limitMs)

afterAll(async () => {
  await organisation.stop('SIGKILL')
  await rm(folder, { recursive: true, force: true })
})

const casemate = async (...args: readonly string[]): Promise<unknown> =>
  JSON.parse((await promisify(execFile)(join(stick, 'casemate'), [...args, '--json'], { env: bare })).stdout)

async function instance() {
  return instanceView.parse(await casemate('status', DESKTOP))
}

/** Runs the stick, up to the line with the launcher's address. */
async function run(): Promise<ChildProcess> {
  const child = spawn(join(stick, 'casemate'), [], { env: bare, stdio: ['ignore', 'pipe', 'inherit'] })
  onTestFinished(() => void child.kill('SIGKILL'))
  for await (const line of createInterface(child.stdout)) if (/Launcher +http:/.test(line)) return child
  throw new Error('it ended before it ran')
}

describe('a stick', () => {
  it('does not run where others can read what it keeps', async () => {
    await mkdir(join(stick, 'data'), { mode: 0o755 })
    await chmod(join(stick, 'data'), 0o755)
    await expect(promisify(execFile)(join(stick, 'casemate'), [], { env: bare })).rejects.toMatchObject({
      code: 3,
      stderr: expect.stringContaining('stick-not-private'),
    })
    await chmod(join(stick, 'data'), 0o700)
  })

  it('enrols, takes the desktop that it brought, runs it with the console gone, and keeps all that is its own', { timeout: limitMs }, async () => {
    const child = await run()
    expect(await readlink(`/proc/${child.pid}/exe`)).toBe(join(stick, 'runtime/node'))
    expect((await stat(join(stick, 'data'))).mode & 0o077).toBe(0)
    await casemate('enrol', await organisation.enrolmentCode('ada'))
    // Assigned, and its documents are here.
    await waitUntil('known', async () => JSON.stringify(await casemate('list')).includes('"activation-needed"'), limitMs)
    await casemate('activate', DESKTOP)
    await organisation.stop()
    expect(await casemate('import')).toMatchObject({ desktop: DESKTOP, serial: 1 })

    await casemate('start', DESKTOP, '--wait')
    const { engine, session } = await instance()
    expect(engine).toBe('v86')
    const { display } = new Viewer(session?.viewer ?? '')
    const screen = await RfbClient.overWebSocket(display.url, { protocols: display.protocols })
    await screen.waitForText(PROMPT, limitMs)
    screen.close()
    child.kill('SIGINT')
    expect(await once(child, 'exit')).toEqual([0, null])
    const kept = await readdir(join(stick, 'data/instances', DESKTOP))
    expect(kept.filter((name) => name.startsWith('suspended-'))).toHaveLength(1)
  })
})
