// SPDX-License-Identifier: Apache-2.0
//
// Every call to the console: pinned, proven, bounded, and read strictly. What an answer says is believed only where it is signed; that is
// checked by whoever asked.
import { randomBytes } from 'node:crypto'
import type { Agent, IncomingMessage } from 'node:http'
import { request as httpRequest } from 'node:http'
import { request as httpsRequest } from 'node:https'
import { makeProof } from '@casemate/policy/proof'
import { errorBody, type ProtocolError, proofHeader, type RequestOf, type ResponseOf, routes } from '@casemate/policy/protocol'
import { parseStrictJson } from '@casemate/policy/strict-json'
import type { Signer } from '@casemate/policy/token'
import { RuntimeError } from '../error.ts'
import { agentFor } from './pinned-agent.ts'

/** The console said no, by name; `token` is the signed help that came with it. */
export class ConsoleRefusal extends Error {
  override readonly name = 'ConsoleRefusal'
  readonly code: ProtocolError
  readonly token: string | undefined

  constructor(code: ProtocolError, message: string, token: string | undefined) {
    super(message)
    this.code = code
    this.token = token
  }
}

export interface ConsoleAddress {
  /** Origin. */
  readonly address: string
  readonly pin: string | null
}

/** Who proves, and at what time; `seq` of the last lease. */
export interface Prover {
  readonly signer: Signer
  readonly now: () => number
  readonly seq: () => number
}

export interface CallOptions {
  /** What the answer will repeat; kept by the caller before the call. Null where the answer is not bound. */
  readonly nonce: string | null
  readonly signal?: AbortSignal
}

const answerBytes = 8_388_608
const patienceMs = 20_000
export const random = (length: number): Uint8Array => new Uint8Array(randomBytes(length))
export const newNonce = (): string => randomBytes(16).toString('base64url')

export class ConsoleClient {
  readonly origin: string
  readonly #agent: Agent
  readonly #prover: Prover

  constructor({ address, pin }: ConsoleAddress, prover: Prover) {
    this.origin = address
    this.#agent = agentFor(pin)
    this.#prover = prover
  }

  close(): void {
    this.#agent.destroy()
  }

  /** @throws RuntimeError `console-unreachable`, `pin-mismatch`, `answer-invalid`; ConsoleRefusal with the console's code. */
  async call<R extends keyof typeof routes>(name: R, body: RequestOf<R>, { nonce, signal }: CallOptions): Promise<ResponseOf<R>>
  async call(name: keyof typeof routes, body: object, { nonce, signal }: CallOptions): Promise<unknown> {
    const route = routes[name]
    const bytes = new TextEncoder().encode(JSON.stringify(body))
    const headers: Record<string, string> = { 'content-type': 'application/json', 'content-length': String(bytes.byteLength) }
    if (route.proof) headers[proofHeader] = await this.#proof('POST', route.path, bytes, nonce)
    const waits = 'waitSeconds' in body && typeof body.waitSeconds === 'number' ? body.waitSeconds * 1000 : 0
    const limit = AbortSignal.timeout(patienceMs + waits)
    const response = await this.#send('POST', route.path, headers, bytes, signal === undefined ? limit : AbortSignal.any([signal, limit]))
    const answer = await readWhole(response, answerBytes)
    if (response.statusCode !== 200) throw refusalIn(answer, response.statusCode ?? 0)
    const parsed = route.response.safeParse(jsonIn(answer))
    if (!parsed.success)
      throw new RuntimeError('answer-invalid', `expected the answer of \`${route.path}\`, found something else`, { cause: parsed.error })
    return parsed.data
  }

  /**
   * Bytes by name; the status is the caller's to judge.
   * @param from the first byte that is asked for; from there on or all of it may come.
   * @throws as `call`.
   */
  async get(path: string, signal: AbortSignal, from = 0): Promise<IncomingMessage> {
    const proof = await this.#proof('GET', path, new Uint8Array(), null)
    const range = from === 0 ? {} : { range: `bytes=${from}-` }
    return this.#send('GET', path, { [proofHeader]: proof, ...range }, undefined, signal)
  }

  async #proof(method: 'GET' | 'POST', target: string, body: Uint8Array, nonce: string | null): Promise<string> {
    const { signer, now, seq } = this.#prover
    const { token } = await makeProof({ method, target, body }, { signer, now: now(), seq: seq(), random, unanswered: nonce })
    return token
  }

  #send(method: string, path: string, headers: Record<string, string>, body: Uint8Array | undefined, signal: AbortSignal): Promise<IncomingMessage> {
    const url = new URL(path, this.origin)
    const send = url.protocol === 'https:' ? httpsRequest : httpRequest
    return new Promise((resolve, reject) => {
      const call = send(url, { method, headers, agent: this.#agent, signal }, resolve)
      call.on('error', (cause) => {
        if (cause instanceof RuntimeError) reject(cause)
        else reject(new RuntimeError('console-unreachable', `the console at \`${this.origin}\` could not be reached: ${cause.message}`, { cause }))
      })
      call.end(body)
    })
  }
}

/** @throws RuntimeError `answer-invalid` when more comes, `console-unreachable` when it breaks off. */
export async function readWhole(response: IncomingMessage, maxBytes: number): Promise<Buffer> {
  const parts: Buffer[] = []
  let length = 0
  try {
    for await (const part of response) {
      if (!Buffer.isBuffer(part)) continue
      length += part.length
      if (length > maxBytes) break
      parts.push(part)
    }
  } catch (cause) {
    throw new RuntimeError('console-unreachable', 'the answer of the console broke off', { cause })
  }
  if (length > maxBytes) throw new RuntimeError('answer-invalid', `expected an answer of at most ${maxBytes} bytes, found more`)
  return Buffer.concat(parts)
}

function refusalIn(answer: Buffer, status: number): Error {
  const parsed = errorBody.safeParse(jsonIn(answer))
  if (!parsed.success) return new RuntimeError('answer-invalid', `expected an answer of the console, found HTTP status ${status}`)
  return new ConsoleRefusal(parsed.data.error.code, parsed.data.error.message, parsed.data.token)
}

function jsonIn(answer: Buffer): unknown {
  try {
    return parseStrictJson(new Uint8Array(answer), { maxBytes: answerBytes, maxDepth: 8 })
  } catch (cause) {
    throw new RuntimeError('answer-invalid', 'expected strict JSON from the console, found something else', { cause })
  }
}
