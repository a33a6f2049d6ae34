// SPDX-License-Identifier: Apache-2.0
//
// Stands where the user's browser stands: one session by its viewer door.
import { type SessionRequest, type SessionView, sessionView } from '../../apps/client-runtime/local-api.ts'

export class Viewer {
  /** Address of the session's page, its token in the fragment. */
  readonly page: string
  readonly #origin: string
  readonly #token: string

  constructor(page: string) {
    this.page = page
    const { origin, hash } = new URL(page)
    this.#origin = origin
    this.#token = hash.replace(/^#token=/, '')
  }

  get display(): { readonly url: string; readonly protocols: readonly string[] } {
    return { url: `${this.#origin.replace('http:', 'ws:')}/display`, protocols: ['binary', `casemate.token.${this.#token}`] }
  }

  async view(): Promise<SessionView> {
    return sessionView.parse(JSON.parse(await this.#call('GET', '/session')))
  }

  async ask(what: SessionRequest): Promise<void> {
    await this.#call('POST', `/requests/${what}`)
  }

  /** Resolves with the first view that fits; the limit only ends a run that hangs. */
  async until(fits: (view: SessionView) => boolean, limitMs = 60_000): Promise<SessionView> {
    const deadline = Date.now() + limitMs
    for (;;) {
      const view = await this.view()
      if (fits(view)) return view
      if (Date.now() > deadline) throw new Error(`the session stays \`${view.state}\`: ${JSON.stringify(view)}`)
      await new Promise((resolve) => setTimeout(resolve, 50))
    }
  }

  /** Resolves once the guest's serial line fits; it may come a moment after the screen. */
  async untilSerial(fits: (serial: string) => boolean, what: string, limitMs = 10_000): Promise<void> {
    const deadline = Date.now() + limitMs
    while (!fits(await this.serial())) {
      if (Date.now() > deadline) throw new Error(`the serial line does not hold ${what}`)
      await new Promise((resolve) => setTimeout(resolve, 100))
    }
  }

  /** The last of what the guest wrote to its serial line. */
  serial(): Promise<string> {
    return this.#call('GET', '/serial')
  }

  /** The last of what the guest wrote to its parallel port. */
  parallel(): Promise<string> {
    return this.#call('GET', '/parallel')
  }

  async #call(method: string, path: string): Promise<string> {
    const response = await fetch(`${this.#origin}${path}`, { method, headers: { authorization: `Bearer ${this.#token}` } })
    const body = await response.text()
    if (!response.ok) throw new Error(`${method} ${path}: ${response.status} ${body}`)
    return body
  }
}
