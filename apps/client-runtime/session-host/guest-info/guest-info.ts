// SPDX-License-Identifier: Apache-2.0
//
// The data channel `guestinfo.*` (PO-20) at the switch: a line is a request, and each has one line for an answer. What the guest may ask for and
// tell is what the plan of this moment lists. What it tells stays in this process.
import type { Duplex } from 'node:stream'
import type { LaunchPlan } from '@casemate/policy/launch-plan'
import type { GuestInfoValue, GuestInfoView } from '../../local-api.ts'
import type { EventLog } from '../event-log.ts'
import { encoded, type GuestInfoRefusal, lineBytes, RequestLines, readRequest } from './requests.ts'
import { shown } from './shown.ts'

export const guestInfoLimits = { atOnce: 4, requestsInSecond: 20, heldBytes: 65_536 } as const
const SECOND_MS = 1000
const SILENCE_MS = 60_000
/** An entry of the journal for each name; what comes in between is counted. */
const ENTRY_EACH_MS = 60_000
/** Answers that a guest does not take. */
const UNREAD_BYTES = 262_144

export type GuestInfoInForce = LaunchPlan['guestInfo']
export const noGuestInfo: GuestInfoInForce = { toGuest: [], fromGuest: [], maxBytes: 0 }

interface Options {
  readonly fixed: ReadonlyMap<string, string>
  readonly events: Pick<EventLog, 'add'>
  /** Milliseconds, never backwards. */
  now(): number
}

export class GuestInfo {
  readonly #options: Options
  readonly #told = new Map<string, string>()
  readonly #refused = new Map<GuestInfoRefusal, number>()
  readonly #entered = new Map<string, number>()
  #inForce = noGuestInfo
  #set: ReadonlyMap<string, string> = new Map()
  #requests: number[] = []
  #open = 0

  constructor(options: Options) {
    this.#options = options
  }

  apply(inForce: GuestInfoInForce): void {
    this.#inForce = inForce
  }

  /** @param values that the user sets */
  takeUp(values: ReadonlyMap<string, string>): void {
    this.#set = values
  }

  /** Answers until the guest ends, is silent for a minute, or goes too far. */
  serve(connection: Duplex): void {
    const lines = new RequestLines()
    const silent = setTimeout(() => connection.destroy(), SILENCE_MS)
    let isOver = false
    this.#open += 1
    connection.on('error', () => undefined)
    connection.on('close', () => {
      clearTimeout(silent)
      this.#open -= 1
    })
    const refuseAll = (why: GuestInfoRefusal) => {
      isOver = true
      connection.end(`${this.#refuse(why)}\n`)
    }
    connection.on('data', (chunk: Buffer) => {
      if (isOver) return
      silent.refresh()
      const { maxBytes } = this.#inForce
      const { lines: whole, tooLong } = lines.take(chunk, lineBytes(maxBytes))
      for (const line of whole) {
        if (!this.#mayAsk() || connection.writableLength > UNREAD_BYTES) return refuseAll('too-many')
        connection.write(`${this.#answer(line)}\n`)
      }
      if (tooLong) refuseAll('too-large')
    })
    connection.on('end', () => {
      if (!isOver) connection.end()
    })
    if (this.#open > guestInfoLimits.atOnce) refuseAll('too-many')
  }

  view(): GuestInfoView {
    const { toGuest, fromGuest, maxBytes } = this.#inForce
    const value = (name: string, by: GuestInfoValue['by'], text: string, given: boolean): GuestInfoValue => ({
      ...{ name, by, given, bytes: Buffer.byteLength(text), shown: shown(text), base64: encoded(text) },
    })
    const may = (name: string, text: string) => toGuest.includes(name) && Buffer.byteLength(text) <= maxBytes
    return {
      values: [
        ...[...this.#options.fixed].filter(([name]) => toGuest.includes(name)).map(([name, text]) => value(name, 'runtime', text, may(name, text))),
        ...[...this.#set].map(([name, text]) => value(name, 'user', text, may(name, text))),
        ...[...this.#told].filter(([name]) => fromGuest.includes(name)).map(([name, text]) => value(name, 'guest', text, true)),
      ],
      refused: [...this.#refused].map(([code, count]) => ({ code, count })),
    }
  }

  #answer(line: Buffer): string {
    const request = readRequest(line, this.#inForce.maxBytes)
    if (typeof request === 'string') return this.#refuse(request)
    if (request.op === 'list') {
      const names = this.#inForce.toGuest.filter((name) => this.#valueOf(name) !== undefined)
      return ['OK', ...names].join(' ')
    }
    if (request.op === 'set') return this.#hear(request.name, request.value)
    if (!this.#inForce.toGuest.includes(request.name)) return this.#refuse('not-listed')
    const value = this.#valueOf(request.name)
    if (value === undefined) return this.#refuse('no-value')
    return Buffer.byteLength(value) > this.#inForce.maxBytes ? this.#refuse('too-large') : `OK ${encoded(value)}`
  }

  #hear(name: string, value: string): string {
    const { events, now } = this.#options
    if (!this.#inForce.fromGuest.includes(name)) return this.#refuse('not-listed')
    const bytes = Buffer.byteLength(value)
    const others = [...this.#told].filter(([other]) => other !== name)
    if (others.reduce((sum, [, text]) => sum + Buffer.byteLength(text), bytes) > guestInfoLimits.heldBytes) return this.#refuse('no-room')
    if (this.#told.get(name) === value) return 'OK'
    this.#told.set(name, value)
    const last = this.#entered.get(name)
    const again = last !== undefined && now() - last < ENTRY_EACH_MS
    if (!again) this.#entered.set(name, now())
    events.add('guest-info', { name, bytes, again })
    return 'OK'
  }

  #valueOf(name: string): string | undefined {
    return this.#options.fixed.get(name) ?? this.#set.get(name)
  }

  #mayAsk(): boolean {
    const now = this.#options.now()
    this.#requests = this.#requests.filter((then) => now - then < SECOND_MS)
    this.#requests.push(now)
    return this.#requests.length <= guestInfoLimits.requestsInSecond
  }

  /** Counted each time, in the events once for each code: a guest has no means to fill them. */
  #refuse(code: GuestInfoRefusal): string {
    const count = (this.#refused.get(code) ?? 0) + 1
    this.#refused.set(code, count)
    if (count === 1) this.#options.events.add('guest-info-refused', { code })
    return `ERR ${code}`
  }
}
