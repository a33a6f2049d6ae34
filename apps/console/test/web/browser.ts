// SPDX-License-Identifier: Apache-2.0
//
// A browser as far as the console's web door can tell: cookies, an origin, a host. Each header can be made another one.
import { type IncomingHttpHeaders, request } from 'node:http'
import { buffer } from 'node:stream/consumers'
import { z } from 'zod'

export interface Answer {
  readonly status: number
  readonly headers: IncomingHttpHeaders
  readonly text: string
}

export interface Sent {
  readonly headers?: Readonly<Record<string, string>>
  readonly body?: string | Buffer
}

const csrf = z.object({ csrfToken: z.string() })
const refusal = z.object({ error: z.object({ code: z.string(), message: z.string() }) })

export class Browser {
  readonly origin: string
  readonly #address: string
  readonly cookies = new Map<string, string>()

  /** @param address from which it comes; all of 127.0.0.0/8 is this computer. */
  constructor(origin: string, address = '127.0.0.1') {
    this.origin = origin
    this.#address = address
  }

  async send(method: string, path: string, { headers = {}, body }: Sent = {}): Promise<Answer> {
    const { promise, resolve, reject } = Promise.withResolvers<Answer>()
    const cookie = [...this.cookies].map(([name, value]) => `${name}=${value}`).join('; ')
    const { host, hostname, port } = new URL(this.origin)
    const own = { host, ...(cookie === '' ? {} : { cookie }), ...(method === 'GET' || method === 'HEAD' ? {} : { origin: this.origin }) }
    const sent = request({ method, path, hostname, port, localAddress: this.#address, agent: false, headers: { ...own, ...headers } }, (response) => {
      for (const line of response.headers['set-cookie'] ?? []) this.#keep(line)
      const { statusCode = 0, headers: told } = response
      buffer(response).then((bytes) => resolve({ status: statusCode, headers: told, text: bytes.toString() }), reject)
    })
    sent.on('error', reject)
    sent.end(body)
    return await promise
  }

  async get(path: string): Promise<Answer> {
    return await this.send('GET', path)
  }

  /** A call of the table: its answer, or its refusal's code. */
  async call(name: string, body: object = {}): Promise<unknown> {
    const { status, text } = await this.post(name, body)
    if (status === 200) return JSON.parse(text)
    const { code, message } = refusal.parse(JSON.parse(text)).error
    return { refused: code, status, message }
  }

  async post(name: string, body: object, headers: Readonly<Record<string, string>> = {}): Promise<Answer> {
    return await this.send('POST', `/api/v1/${name}`, { headers: { 'content-type': 'application/json', ...headers }, body: JSON.stringify(body) })
  }

  /** As the form of the sign-in page does it. */
  async signIn(login: string, password: string): Promise<Answer> {
    return await this.#form('/api/auth/callback/credentials', { login, password })
  }

  async signOut(): Promise<Answer> {
    return await this.#form('/api/auth/signout', {})
  }

  async #form(path: string, fields: Readonly<Record<string, string>>): Promise<Answer> {
    const { csrfToken } = csrf.parse(JSON.parse((await this.get('/api/auth/csrf')).text))
    const body = new URLSearchParams({ ...fields, csrfToken, callbackUrl: this.origin, json: 'true' }).toString()
    return await this.send('POST', path, { headers: { 'content-type': 'application/x-www-form-urlencoded' }, body })
  }

  #keep(line: string): void {
    const [name = '', value = ''] = (line.split(';')[0] ?? '').split(/=(.*)/s)
    if (value === '') this.cookies.delete(name)
    else this.cookies.set(name, value)
  }
}
