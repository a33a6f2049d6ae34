// SPDX-License-Identifier: Apache-2.0
//
// A device as a round of the engine's soak has it: its daemon, which is the real one, and the one session of its desktop, as what the
// daemon says of it and as processes.
import { readdir, readFile } from 'node:fs/promises'
import { setTimeout } from 'node:timers/promises'
import { z } from 'zod'
import { type InstanceView, instanceView, sessionState } from '../../apps/client-runtime/local-api.ts'
import { descendants, isAlive, killHard } from '../session-host/descendants.ts'
import { CASEMATE, type Device } from '../story/device.ts'
import { DESKTOP } from '../story/organisation.ts'
import { runCommand } from '../story/run-command.ts'
import type { Viewer } from '../story/viewer.ts'

/** Of a wait that only ends a round that hangs. */
export const limitMs = 90_000
type Session = NonNullable<InstanceView['session']>
const refused = z.looseObject({
  error: z.looseObject({ code: z.string().min(1), message: z.string().min(1), reasons: z.array(z.looseObject({ code: z.string() })) }),
})

export class SoakedDevice {
  readonly device: Device
  /** The last number that the guest told to be durable, in any round. */
  durable = 0
  readonly #seen = new Set<number>()

  constructor(device: Device) {
    this.device = device
  }

  /** @returns `started`, or the codes of the refusal @throws Error where the command says neither */
  async start(): Promise<string> {
    const { code, stdout, stderr } = await runCommand(CASEMATE, ['start', DESKTOP, '--json', '--data', this.device.data])
    if (code === 0) return instanceView.parse(JSON.parse(stdout)).session === null ? 'no session' : 'started'
    const words = refused.safeParse(JSON.parse(stdout || 'null'))
    if (!words.success) throw new Error(`\`casemate start\` ended with ${code} and said no code: ${stderr}${stdout}`)
    const { code: refusal, reasons } = words.data.error
    return [refusal, ...reasons.map((reason) => reason.code)].join(' ')
  }

  /** Null before the first. */
  async session(): Promise<Session | null> {
    return (await this.device.instance(DESKTOP)).session
  }

  /** The first that fits: each on the way there has a state of the closed list, and a reason in words where it is blocked. */
  async until(what: string, fits: (session: Session | null) => boolean): Promise<Session | null> {
    for (const deadline = Date.now() + limitMs; ; await setTimeout(50)) {
      const session = await this.session()
      if (session !== null) named(session)
      if (fits(session)) return session
      if (Date.now() > deadline) throw new Error(`not ${what}: ${JSON.stringify(session)}`)
    }
  }

  viewer(): Promise<Viewer> {
    return this.device.viewer(DESKTOP)
  }

  async powerOff(viewer: Viewer): Promise<void> {
    await this.processes()
    await viewer.ask('power-off')
    await this.untilOver()
  }

  /** The daemon says so, and no process is left. */
  async untilOver(): Promise<Session | null> {
    const session = await this.until('over', (last) => last?.open !== true)
    for (const deadline = Date.now() + limitMs; (await this.#alive()).length > 0; await setTimeout(10)) {
      if (Date.now() < deadline) continue
      const left = await Promise.all((await this.#alive()).map(nameOf))
      throw new Error(`the session is over, and these of its processes are not: ${left.join(', ')}`)
    }
    this.#seen.clear()
    return session
  }

  /** The session host first, then what it started; none where it is not there. */
  async processes(): Promise<readonly number[]> {
    const host = await this.#host()
    const all = host === null ? [] : [host, ...(await descendants(host))]
    for (const each of all) this.#seen.add(each)
    return all
  }

  /** However the round ended. */
  async end(): Promise<void> {
    await this.processes()
    for (const pid of await this.#alive()) killHard(pid)
    this.#seen.clear()
  }

  /** By its command line: without its daemon it has another parent. */
  async #host(): Promise<number | null> {
    for (const pid of (await readdir('/proc')).filter((name) => /^\d+$/.test(name)).map(Number)) {
      const words = (await readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => '')).split('\0')
      if (words.includes(this.device.data) && words.some((word) => /session-host(\/main\.ts|\.mjs)$/.test(word)) && (await isAlive(pid))) return pid
    }
    return null
  }

  async #alive(): Promise<readonly number[]> {
    const alive = await Promise.all([...this.#seen].map(async (pid) => ((await isAlive(pid)) ? [pid] : [])))
    return alive.flat()
  }
}

/** @throws Error where the launcher would have no words for it */
function named({ state, blocked }: Session): void {
  sessionState.parse(state)
  if (state === 'blocked' && blocked === null) throw new Error('blocked for no reason')
  if (blocked !== null && (blocked.code === '' || blocked.sentence === '')) throw new Error('blocked without a word')
}

/** Of the program, as the kernel shortens it. */
export async function nameOf(pid: number): Promise<string> {
  return (await readFile(`/proc/${pid}/comm`, 'utf8').catch(() => 'gone')).trim()
}
