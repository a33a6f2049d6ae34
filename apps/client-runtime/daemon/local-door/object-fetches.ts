// SPDX-License-Identifier: Apache-2.0
//
// Objects out of the console with this device's proof. A transfer that breaks off is kept for a while, and the next one goes on behind its
// last byte (RFC 9110, 14): on a bad line an object of many megabytes would never come whole otherwise. What comes is not looked at:
// whoever reads it checks every byte against the name, and asks for all of it again.
import type { IncomingMessage } from 'node:http'
import { objectRoutes } from '@casemate/policy/protocol'
import { mostObjectBytes } from '@casemate/vm-package/object-store'
import type { ConsoleClient } from '../console/console-client.ts'

export interface Fetched {
  /** Of HTTP; 503 when it can be asked for again at once. */
  readonly status: number
  readonly bytes: Uint8Array
}

/** Between one byte and the next. */
const patienceMs = 30_000
/** Of what broke off, together. */
const mostBegunBytes = 33_554_432

const nothing = Buffer.alloc(0)

export class ObjectFetches {
  /** The one that broke off last comes last. */
  readonly #begun = new Map<string, Buffer>()

  /** @throws RuntimeError `console-unreachable`, and the error of a line that broke off; what came is kept. */
  async fetch(console: Pick<ConsoleClient, 'get'>, name: string): Promise<Fetched> {
    const idle = new AbortController()
    const timer = setTimeout(() => idle.abort(), patienceMs)
    try {
      const begun = this.#take(name)
      const response = await console.get(`${objectRoutes.object.prefix}${name}`, idle.signal, begun.length)
      const before = response.statusCode === 206 && goesOn(response, begun.length) ? begun : nothing
      const isWhole = response.statusCode === 200
      if (!isWhole && before.length === 0) {
        response.destroy()
        // A range that is not the one asked for, or none: without what was begun all of it is asked for.
        return { status: begun.length > 0 ? 503 : (response.statusCode ?? 503), bytes: nothing }
      }
      return { status: 200, bytes: await this.#read(name, response, before, timer) }
    } finally {
      clearTimeout(timer)
    }
  }

  async #read(name: string, response: IncomingMessage, before: Buffer, timer: NodeJS.Timeout): Promise<Buffer> {
    const parts = [before]
    let length = before.length
    try {
      for await (const part of response) {
        if (!Buffer.isBuffer(part)) continue
        timer.refresh()
        length += part.length
        if (length > mostObjectBytes) break
        parts.push(part)
      }
    } catch (error) {
      this.#keep(name, Buffer.concat(parts))
      throw error
    }
    if (length > mostObjectBytes) throw new Error(`object \`${name}\` is longer than any object is`)
    return Buffer.concat(parts)
  }

  #take(name: string): Buffer {
    const begun = this.#begun.get(name) ?? nothing
    this.#begun.delete(name)
    return begun
  }

  #keep(name: string, bytes: Buffer): void {
    if (bytes.length > 0) this.#begun.set(name, bytes)
    let held = [...this.#begun.values()].reduce((sum, { length }) => sum + length, 0)
    for (const [oldest, { length }] of this.#begun) {
      if (held <= mostBegunBytes) return
      this.#begun.delete(oldest)
      held -= length
    }
  }
}

function goesOn({ headers }: IncomingMessage, from: number): boolean {
  return from > 0 && (headers['content-range'] ?? '').startsWith(`bytes ${from}-`)
}
