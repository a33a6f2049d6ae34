// SPDX-License-Identifier: Apache-2.0
//
// passt as the way out: an unprivileged process that turns the guest's packets into sockets of this host. It gets one end of a socket
// pair as file descriptor 3 and nothing else: no path, no environment. With that it handles one client and ends when the other end of
// the pair is closed, so it never outlives this process, however this process ends.
import { type ChildProcess, spawn } from 'node:child_process'
import { accessSync, constants } from 'node:fs'
import { Socket } from 'node:net'
import { delimiter, join } from 'node:path'
import { EngineError } from '../error.ts'
import { formatAddress } from './address.ts'
import { FrameLink } from './frame-link.ts'
import type { Lan } from './lan.ts'

export type UplinkReport =
  | { readonly available: true; readonly program: string }
  | { readonly available: false; readonly code: 'uplink-missing'; readonly message: string }

/** Whether this host has a passt that keeps the gateway from meaning the host. */
export async function probeUplink(): Promise<UplinkReport> {
  const missing = (message: string): UplinkReport => ({ available: false, code: 'uplink-missing', message })
  const program = findPasst()
  if (program === null) return missing('`passt` is not installed')
  const help = await readHelp(program)
  const lacking = ['--no-map-gw', '--fd'].filter((option) => !help.includes(option))
  return lacking.length === 0 ? { available: true, program } : missing(`\`${program}\` does not know \`${lacking.join('`, `')}\``)
}

function findPasst(): string | null {
  for (const folder of (process.env.PATH ?? '').split(delimiter)) {
    const program = join(folder, 'passt')
    try {
      accessSync(program, constants.X_OK)
      return program
    } catch (error) {
      if (!(error instanceof Error && 'code' in error)) throw error
    }
  }
  return null
}

async function readHelp(program: string): Promise<string> {
  const child = spawn(program, ['--help'], { stdio: ['ignore', 'pipe', 'pipe'], env: {}, timeout: 5000 })
  let text = ''
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk: Buffer) => (text += chunk.toString('latin1')))
  await new Promise((resolve) => {
    child.on('close', resolve)
    child.on('error', resolve)
  })
  return text
}

/** The command line: the switch answers ARP, neighbour discovery and DHCP itself, and nobody outside may open a flow to the guest. */
export function passtArguments(lan: Lan): readonly string[] {
  const quiet = ['--foreground', '--quiet', '--fd', '3']
  const nothingOfItsOwn = ['--no-map-gw', '--no-dhcp', '--no-dhcpv6', '--no-ndp', '--no-ra', '--tcp-ports', 'none', '--udp-ports', 'none']
  const link = ['--address', formatAddress(lan.guest), '--netmask', String(lan.prefix), '--gateway', formatAddress(lan.gateway)]
  return [...quiet, ...nothingOfItsOwn, ...link, '--mac-addr', [...lan.gatewayMac].map((byte) => byte.toString(16).padStart(2, '0')).join(':')]
}

export interface UplinkEvents {
  /** passt answers: it is set up. */
  onUp(): void
  onFrame(frame: Buffer): void
  onBatch(): void
  /** Once: it could not start, or ended; `message` is what it said. */
  onDown(message: string): void
}

const KEPT_OUTPUT = 2000

export class Uplink {
  readonly #child: ChildProcess
  readonly #link: FrameLink
  readonly #gone: Promise<void>

  constructor(program: string, lan: Lan, events: UplinkEvents) {
    this.#child = spawn(program, passtArguments(lan), { stdio: ['ignore', 'ignore', 'pipe', 'pipe'], env: {}, cwd: '/' })
    let said = ''
    this.#child.stderr?.on('data', (chunk: Buffer) => {
      said = (said + chunk.toString('latin1')).slice(-KEPT_OUTPUT)
    })
    this.#gone = new Promise((resolve) => {
      const down = (why: string) => {
        resolve()
        events.onDown(why)
      }
      this.#child.once('error', (error) => down(error.message))
      this.#child.once('close', (code, signal) => down(meaning(said) || `ended with \`${signal ?? code}\``))
    })
    const pair = this.#child.stdio[3]
    if (!(pair instanceof Socket)) throw new EngineError('uplink-missing', 'no socket pair to `passt`')
    let up = false
    this.#link = new FrameLink(pair, {
      onFrame: (frame) => {
        if (up) return events.onFrame(frame)
        up = true
        events.onUp()
      },
      onBatch: events.onBatch,
      // The process ends with its socket: `close` of the process follows.
      onEnd: () => undefined,
    })
    this.#link.send(askForGateway(lan))
  }

  get congested(): boolean {
    return this.#link.congested
  }

  send(frame: Buffer): void {
    this.#link.send(frame)
  }

  setReading(reading: boolean): void {
    this.#link.setReading(reading)
  }

  /** Resolves when the process is gone. */
  async close(): Promise<void> {
    this.#link.close()
    this.#child.kill('SIGKILL')
    await this.#gone
  }
}

/** An ARP request, the first thing that passt hears: its answer is the sign that it works, and it learns the guest's Ethernet address. */
function askForGateway(lan: Lan): Buffer {
  const head = Buffer.from('08060001080006040001', 'hex')
  return Buffer.concat([Buffer.alloc(6, 0xff), lan.guestMac, head, lan.guestMac, lan.guest, Buffer.alloc(6), lan.gateway])
}

/** What passt said, without its complaints about a system log that is not there. */
function meaning(said: string): string {
  const lines = said.split('\n').filter((line) => line !== '' && !line.includes('to syslog') && !line.startsWith("Don't run as root"))
  return lines.join('; ')
}
