// SPDX-License-Identifier: Apache-2.0
//
// A session without a daemon, for tests of the session host alone: stands where the daemon stands, with a plan of the test's own.
import type { ControlClient } from '../../apps/client-runtime/daemon/sessions/control-client.ts'
import { type SessionHost, type SessionStart, startSessionHost } from '../../apps/client-runtime/daemon/sessions/start-session-host.ts'
import type { SessionEvent } from '../../apps/client-runtime/local-api.ts'
import { Viewer } from '../story/viewer.ts'

export class RunningSession extends Viewer {
  readonly #host: SessionHost
  readonly #beat: NodeJS.Timeout

  private constructor(host: SessionHost) {
    super(`${host.viewer}/#token=${host.viewerToken}`)
    this.#host = host
    this.#beat = setInterval(() => this.#heartbeat(), 1000)
    void host.exited.then(() => clearInterval(this.#beat))
  }

  static async start(start: SessionStart): Promise<RunningSession> {
    return new RunningSession(await startSessionHost(start))
  }

  get exited(): Promise<number | null> {
    return this.#host.exited
  }

  get pid(): number {
    const { pid } = this.#host.child
    if (pid === undefined) throw new Error('the session host has no process')
    return pid
  }

  /** As the daemon asks for them. */
  get snapshots(): Pick<ControlClient, 'snapshots' | 'takeSnapshot' | 'revert' | 'deleteSnapshot' | 'thumbnail'> {
    return this.#host.control
  }

  events(): Promise<readonly SessionEvent[]> {
    return this.#host.control.events(0)
  }

  /** What the daemon brings when policies or media change. */
  get control(): SessionHost['control'] {
    return this.#host.control
  }

  async kill(): Promise<void> {
    this.#host.child.kill('SIGKILL')
    await this.exited
  }

  #heartbeat(): void {
    this.#host.control.heartbeat(Math.floor(Date.now() / 1000)).catch(async (error: unknown) => {
      // A session host that is about to end does not hear any more; one that lives on and does not hear is a fault.
      const ended = await Promise.race([this.exited.then(() => true), new Promise<false>((resolve) => setTimeout(resolve, 5000, false))])
      if (!ended) console.error('heartbeat:', error)
    })
  }
}
