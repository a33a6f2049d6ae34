// SPDX-License-Identifier: Apache-2.0
//
// `npm start` as a new user meets it: up to a running desktop, refused a second time on the same data, killed at any moment and taken up again.
// With CASEMATE_IMAGES=<folder> it also writes the images of README.
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { Browser } from '../../apps/console/test/web/browser.ts'
import { RfbClient } from '../screen/rfb-client.ts'
import { Viewer } from '../story/viewer.ts'
import { takeImages } from './take-images.ts'

const ROOT = join(import.meta.dirname, '../..')
const LIMIT_MS = 240_000
const PROMPT = 'user@casemate-demo:~$'

let data: string
const started = new Set<Start>()

/** One `npm start`, what it prints, and its end. */
class Start {
  readonly child: ChildProcess
  readonly exited: Promise<number | null>
  output = ''

  constructor(...args: readonly string[]) {
    this.child = spawn(process.execPath, [join(ROOT, 'tools/start.mjs'), '--data', data, ...args], { stdio: ['ignore', 'pipe', 'pipe'] })
    this.exited = once(this.child, 'close').then(([code]) => code)
    for (const stream of [this.child.stdout, this.child.stderr]) stream?.setEncoding('utf8').on('data', (text) => (this.output += text))
    started.add(this)
    void this.exited.then(() => started.delete(this))
  }

  async until(wanted: RegExp): Promise<string> {
    const over = this.exited.then((code) => ({ code }))
    for (const deadline = Date.now() + LIMIT_MS; Date.now() < deadline; ) {
      const found = wanted.exec(this.output)
      if (found !== null) return found[1] ?? found[0]
      const ended = await Promise.race([over, new Promise<null>((resolve) => setTimeout(resolve, 100, null))])
      if (ended !== null && !wanted.test(this.output)) throw new Error(`it ended with ${ended.code} before \`${wanted}\`:\n${this.output}`)
    }
    throw new Error(`no \`${wanted}\` within ${LIMIT_MS} ms:\n${this.output}`)
  }

  async end(signal: 'SIGINT' | 'SIGTERM'): Promise<number | null> {
    this.child.kill(signal)
    return await this.exited
  }
}

async function screenOf(page: string): Promise<RfbClient> {
  const { display } = new Viewer(page)
  return await RfbClient.overWebSocket(display.url, { protocols: display.protocols })
}

const desktopPage = /Demo desktop +(http:\S+)/

describe('npm start', () => {
  beforeAll(async () => {
    data = await mkdtemp(join(tmpdir(), 'start-'))
  })

  afterAll(async () => {
    for (const start of started) await start.end('SIGTERM')
    await rm(data, { recursive: true, force: true })
  })

  it('refuses options that mean nothing, and prints its help for `--help`', async () => {
    const wrong = new Start('--engine', 'vmware')
    expect(await wrong.exited).toBe(2)
    expect(wrong.output).toContain('--engine: expected auto, qemu or v86')
    const help = new Start('--help')
    expect(await help.exited).toBe(0)
    expect(help.output).toContain('--no-demo')
  })

  it('names the port that another program has, and makes nothing', async () => {
    const other = createServer().listen(0, '127.0.0.1')
    await once(other, 'listening')
    const address = other.address()
    const port = address !== null && typeof address === 'object' ? address.port : 0
    const refused = new Start('--port', String(port), '--engine', 'qemu')
    expect(await refused.exited).toBe(3)
    expect(refused.output).toContain(`port ${port} of 127.0.0.1 is taken by another program`)
    other.close()
  })

  it('goes on after being killed, runs a locked desktop, and a second one is told', { timeout: 3 * LIMIT_MS }, async () => {
    const options = ['--port', '0', '--launcher-port', '0', '--engine', 'qemu']
    const killed = new Start(...options)
    const main = await killed.until(/approving and publishing/).then(() => childOf(killed.child.pid))
    process.kill(main, 'SIGKILL')
    expect(await killed.exited).not.toBe(0)

    const first = new Start(...options)
    const page = await first.until(desktopPage)
    expect(first.output).not.toContain('making the organisation')
    const [, console, password] = /Console +(http:\S+) +sign in as `admin` with (\S+)/.exec(first.output) ?? []
    const administrator = new Browser(console ?? '')
    expect((await administrator.signIn('admin', `${password}x`)).status).toBe(401)
    expect((await administrator.signIn('admin', password ?? '')).status).toBe(200)
    expect((await administrator.get('/')).text).toContain('Demo organisation')
    expect((await new Viewer(page).view()).clipboard).toEqual({ toGuest: false, fromGuest: false })
    const { CASEMATE_IMAGES: images } = process.env
    if (images !== undefined) {
      const launcher = /Launcher +(http:\S+)/.exec(first.output)?.[1] ?? ''
      await takeImages({ console: console ?? '', password: password ?? '', launcher, desktop: page }, images)
    }
    const screen = await screenOf(page)
    await screen.waitForText(PROMPT, LIMIT_MS)
    await screen.typeText('clear; mark=kept\n')
    screen.close()

    const second = new Start(...options)
    expect(await second.exited).toBe(3)
    expect(second.output).toContain(`another \`npm start\` runs on \`${data}\``)
    expect(await first.end('SIGINT')).toBe(0)

    const again = new Start(...options)
    const resumed = await screenOf(await again.until(desktopPage))
    expect(again.output).toContain('resuming the demo desktop')
    expect(again.output).not.toContain('shown this once')
    await resumed.typeText('echo "mark-$mark"\n')
    await resumed.waitForText(/^mark-kept/m, LIMIT_MS)
    resumed.close()
    expect(await again.end('SIGTERM')).toBe(0)
  })
})

/** The process that does the work behind the launcher in plain JavaScript. */
async function childOf(pid: number | undefined): Promise<number> {
  const [child] = (await readFile(`/proc/${pid}/task/${pid}/children`, 'utf8')).trim().split(' ').map(Number)
  if (child === undefined) throw new Error('it has no child')
  return child
}
