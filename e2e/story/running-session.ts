// SPDX-License-Identifier: Apache-2.0
//
// Stands where the daemon stands: starts a session host, sends heartbeats, reads events; and where the viewer's page stands.
import { type SessionHost, type SessionStart, startSessionHost } from '../../apps/client-runtime/daemon/sessions/start-session-host.ts'
import { type SessionEvent, type SessionRequest, type SessionView, sessionView } from '../../apps/client-runtime/local-api.ts'
import type { LaunchPlan } from '../../packages/policy/src/decision/launch-plan.ts'

export class RunningSession {
  readonly #host: SessionHost
  readonly #beat: NodeJS.Timeout
  /** Number of the last event that `untilEvent` has looked at. */
  #lastEvent = 0

  private constructor(host: SessionHost) {
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

  get pid(): number | undefined {
    return this.#host.child.pid
  }

  get display(): { readonly url: string; readonly protocols: readonly string[] } {
    return { url: `${this.#host.viewer.replace('http:', 'ws:')}/display`, protocols: ['binary', `casemate.token.${this.#host.viewerToken}`] }
  }

  /** Address of the session's page. */
  get page(): string {
    return `${this.#host.viewer}/#token=${this.#host.viewerToken}`
  }

  async view(): Promise<SessionView> {
    return sessionView.parse(JSON.parse(await this.#viewerCall('GET', '/session')))
  }

  async ask(what: SessionRequest): Promise<void> {
    await this.#viewerCall('POST', `/requests/${what}`)
  }

  /** Resolves once the guest's serial line fits; it may come a moment after the screen. */
  async untilSerial(fits: (serial: string) => boolean, what: string, limitMs = 10_000): Promise<void> {
    const deadline = Date.now() + limitMs
    while (!fits(await this.#viewerCall('GET', '/serial'))) {
      if (Date.now() > deadline) throw new Error(`the serial line does not hold ${what}`)
      await new Promise((resolve) => setTimeout(resolve, 100))
    }
  }

  events(): Promise<readonly SessionEvent[]> {
    return this.#host.control.events(0)
  }

  async replan(plan: LaunchPlan): Promise<void> {
    await this.#host.control.replan(plan)
  }

  /** Resolves with the first event that fits and that no earlier call has looked at. */
  async untilEvent(fits: (event: SessionEvent) => boolean, what: string, limitMs = 60_000): Promise<void> {
    const deadline = Date.now() + limitMs
    let seen = this.#lastEvent
    while (Date.now() < deadline) {
      const events = await this.#host.control.events(seen)
      seen = events.at(-1)?.seq ?? seen
      this.#lastEvent = seen
      if (events.some(fits)) return
    }
    throw new Error(`no event ${what}`)
  }

  /** Resolves with the first view that fits; the limit only ends a run that hangs. */
  async until(fits: (view: SessionView) => boolean, limitMs = 60_000): Promise<SessionView> {
    const deadline = Date.now() + limitMs
    for (;;) {
      const view = await this.view()
      if (fits(view)) return view
      if (Date.now() > deadline) throw new Error(`the session stays \`${view.state}\`: ${JSON.stringify(view)}`)
      await new Promise((resolve) => setTimeout(resolve, 100))
    }
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

  async #viewerCall(method: string, path: string): Promise<string> {
    const response = await fetch(`${this.#host.viewer}${path}`, { method, headers: { authorization: `Bearer ${this.#host.viewerToken}` } })
    const body = await response.text()
    if (!response.ok) throw new Error(`${method} ${path}: ${response.status} ${body}`)
    return body
  }
}
