// SPDX-License-Identifier: Apache-2.0
//
// The network of one VM: a switch with two ports, the guest's socket and the uplink. Every frame between them goes through the gate.
// A plan without a network starts none of this. Where the uplink is down the guest keeps its link and reaches nothing.
import { createServer, type Socket } from 'node:net'
import { EngineError } from '../error.ts'
import { formatAddress } from './address.ts'
import { FrameLink } from './frame-link.ts'
import { Gate } from './gate.ts'
import { type HostAddresses, readHostAddresses } from './host-addresses.ts'
import { lanFor } from './lan.ts'
import { lookUp } from './look-up.ts'
import type { Lookup, NameCounters, Question } from './name-server.ts'
import { type Outcome, toGuest } from './outcome.ts'
import { RefusalLog, type RefusalReason, type RefusedFlow } from './refusal-log.ts'
import { type NetworkRules, RuleSet } from './rules.ts'
import { type Services, TcpEndpoint } from './tcp-endpoint.ts'
import { TokenBucket } from './token-bucket.ts'
import { probeUplink } from './uplink.ts'
import { UplinkPort } from './uplink-port.ts'

export type { RefusalReason, RefusedFlow } from './refusal-log.ts'
export type { DomainRule, HostRule, NetworkRule, NetworkRules } from './rules.ts'
export type { Service, Services } from './tcp-endpoint.ts'
export { probeUplink } from './uplink.ts'

export type NetworkEvent =
  | { readonly type: 'refused'; readonly flow: RefusedFlow }
  | { readonly type: 'uplink'; readonly state: 'up' | 'down'; readonly message: string }
  /** There is no place for it on the isolated network. */
  | { readonly type: 'neighbour'; readonly mac: string; readonly message: string }
  /** `error` where the VM process broke the framing. */
  | { readonly type: 'guest'; readonly state: 'joined' | 'left'; readonly error: EngineError | null }

export interface NetworkOptions {
  /** Path of the unix socket to listen on; one VM process connects. In a private folder, since whoever connects is the guest. */
  readonly socket: string
  /** The guest's Ethernet address, `aa:bb:cc:dd:ee:ff`. */
  readonly mac: string
  readonly rules: NetworkRules
  /** Without a way out: the guest reaches what the switch itself serves, and nothing else whatever the rules say. */
  readonly isolated?: true
  /** In each direction; null: no limit. */
  readonly kbitPerSecond: number | null
  /** Servers to ask for names, `address` or `address:port`; without, those of this host. */
  readonly nameServers?: readonly string[]
  readonly onEvent: (event: NetworkEvent) => void
}

export interface NetworkCounters {
  /** Flows that live now, and those that were let through so far. */
  readonly flows: number
  readonly opened: number
  /** Questions for names; `open`: addresses that are open by one now. */
  readonly names: NameCounters & { readonly open: number }
  readonly toGuest: { readonly frames: number; readonly bytes: number }
  readonly toUplink: { readonly frames: number; readonly bytes: number }
  /** Packets by reason. */
  readonly refused: Readonly<Partial<Record<RefusalReason, number>>>
}

export interface NetworkSwitch {
  /**
   * Replaces the rules, in force before this returns; flows that are no longer allowed are ended. Quarantine is a shorter list.
   * @throws EngineError `network-rule-invalid`; then the rules before stay in force.
   */
  setRules(rules: NetworkRules): void
  /** The guest's own on its link. */
  readonly address: string
  /** What the guest finds at ports of its gateway's address, in force before this returns; connections of others than these are ended. */
  setServices(services: Services): void
  /** In force now. */
  readonly rules: NetworkRules
  /** It has no way out: no rule leads anywhere. */
  readonly isolated: boolean
  /** In each direction, at once; null: no limit. */
  setRate(kbitPerSecond: number | null): void
  counters(): NetworkCounters
  /** Resolves when the socket is removed and the uplink's process gone. */
  close(): Promise<void>
}

const TICK_MS = 1000
const LONG_TICK = 10

/** @throws EngineError `uplink-missing` where this host has no usable passt; `network-rule-invalid`. */
export async function startNetwork(options: NetworkOptions): Promise<NetworkSwitch> {
  const rules = new RuleSet(options.rules)
  const network = new Network(options, options.isolated ? null : await uplinkProgram(), rules)
  await network.listen(options.socket)
  return network
}

async function uplinkProgram(): Promise<string> {
  const uplink = await probeUplink()
  if (!uplink.available) throw new EngineError(uplink.code, uplink.message)
  return uplink.program
}

class Network implements NetworkSwitch {
  readonly #options: NetworkOptions
  /** Null: there is no uplink. */
  readonly #program: string | null
  readonly #lan
  readonly #gate: Gate
  readonly #log: RefusalLog
  readonly #endpoint: TcpEndpoint
  readonly #server = createServer((socket) => this.#join(socket))
  readonly #sent = { toGuest: { frames: 0, bytes: 0 }, toUplink: { frames: 0, bytes: 0 } }
  #host: HostAddresses | null
  readonly #buckets = { fromGuest: new TokenBucket(), toGuest: new TokenBucket() }
  #rules: NetworkRules
  #guest: FrameLink | null = null
  #uplink: UplinkPort | null = null
  /** The host's network is no longer what the uplink saw when it started. */
  #stale = false
  #ticks = 0
  #ticker: NodeJS.Timeout | undefined
  /** Waits until the rate lets more be read. */
  #paced: NodeJS.Timeout | undefined
  #closed = false

  constructor(options: NetworkOptions, program: string | null, rules: RuleSet) {
    this.#options = options
    this.#program = program
    this.#lan = lanFor(options.mac)
    this.#log = new RefusalLog((flow) => options.onEvent({ type: 'refused', flow }))
    this.#rules = options.rules
    this.#host = hostAddresses()
    this.#gate = new Gate(this.#lan, rules, this.#host, () => performance.now())
    this.#endpoint = new TcpEndpoint(this.#lan, (frame) => this.#deliver(toGuest(frame)))
    this.setRate(options.kbitPerSecond)
  }

  async listen(path: string): Promise<void> {
    await new Promise<void>((resolve, reject) => {
      this.#server.on('error', reject)
      this.#server.listen(path, resolve)
    })
    this.#ticker = setInterval(() => this.#tick(), TICK_MS)
    if (this.#program === null) return
    this.#uplink = new UplinkPort(this.#program, this.#lan, {
      onState: (state, message) => this.#options.onEvent({ type: 'uplink', state, message }),
      onFrame: (frame) => this.#deliver(this.#gate.fromUplink(frame)),
      onBatch: () => this.#balance(),
    })
  }

  setRules(rules: NetworkRules): void {
    const ended = this.#gate.setRules(new RuleSet(rules))
    this.#rules = rules
    for (const outcome of ended) this.#deliver(outcome)
  }

  get address(): string {
    return formatAddress(this.#lan.guest)
  }

  setServices(services: Services): void {
    this.#gate.setServed(new Set(services.keys()))
    this.#endpoint.setServices(services)
  }

  get rules(): NetworkRules {
    return this.#rules
  }

  get isolated(): boolean {
    return this.#program === null
  }

  setRate(kbitPerSecond: number | null): void {
    for (const bucket of Object.values(this.#buckets)) bucket.setRate(kbitPerSecond, performance.now())
    this.#balance()
  }

  counters(): NetworkCounters {
    return {
      flows: this.#gate.flows,
      opened: this.#gate.opened,
      names: this.#gate.names,
      toGuest: { ...this.#sent.toGuest },
      toUplink: { ...this.#sent.toUplink },
      refused: Object.fromEntries(this.#log.counts),
    }
  }

  async close(): Promise<void> {
    this.#closed = true
    clearInterval(this.#ticker)
    clearTimeout(this.#paced)
    this.#endpoint.close()
    const closed = new Promise((resolve) => this.#server.close(resolve))
    this.#guest?.close()
    await this.#uplink?.close()
    await closed
    this.#log.flush()
  }

  #join(socket: Socket): void {
    if (this.#guest !== null) {
      socket.destroy()
      return
    }
    this.#options.onEvent({ type: 'guest', state: 'joined', error: null })
    this.#guest = new FrameLink(socket, {
      onFrame: (frame) => {
        this.#buckets.fromGuest.take(frame.length, performance.now())
        this.#deliver(this.#gate.fromGuest(frame))
      },
      onBatch: () => this.#balance(),
      onEnd: (error) => {
        this.#guest = null
        this.#balance()
        this.#options.onEvent({ type: 'guest', state: 'left', error })
      },
    })
  }

  #deliver({ toGuest, toUplink, refusal, question, segment }: Outcome): void {
    if (refusal !== null) this.#log.add(refusal)
    if (segment !== undefined) this.#endpoint.take(segment)
    if (question !== undefined) void this.#ask(question)
    if (toGuest !== null && this.#guest !== null) {
      count(this.#sent.toGuest, toGuest)
      this.#buckets.toGuest.take(toGuest.length, performance.now())
      this.#guest.send(toGuest)
    }
    if (toUplink === null) return
    if (this.#uplink?.send(toUplink)) count(this.#sent.toUplink, toUplink)
    else this.#log.add({ reason: 'no-uplink', protocol: 'other', address: null, port: null })
  }

  /**
   * What waits is bounded: nothing is read while a side to which it leads takes no more. The uplink is read even while it takes no more
   * itself, since passt may be waiting to be read before it reads on.
   */
  #balance(): void {
    const guestTakes = !(this.#guest?.congested ?? false)
    const now = performance.now()
    const [outward, inward] = [this.#buckets.fromGuest.wait(now), this.#buckets.toGuest.wait(now)]
    this.#guest?.setReading(guestTakes && !(this.#uplink?.congested ?? false) && outward === 0)
    this.#uplink?.setReading(guestTakes && inward === 0)
    clearTimeout(this.#paced)
    const waits = [outward, inward].filter((wait) => wait > 0)
    if (waits.length > 0 && !this.#closed) this.#paced = setTimeout(() => this.#balance(), Math.min(...waits))
  }

  async #ask(question: Question): Promise<void> {
    const lookup: Lookup = await lookUp(question, this.#options.nameServers)
    if (!this.#closed) this.#deliver(this.#gate.answerName(question, lookup))
  }

  #tick(): void {
    const host = hostAddresses()
    if (host?.fingerprint !== this.#host?.fingerprint) {
      this.#host = host
      this.#stale = true
      for (const outcome of this.#gate.setHost(host)) this.#deliver(outcome)
    }
    if (this.#stale && this.#gate.flows === 0) {
      this.#stale = false
      this.#uplink?.restart()
    }
    this.#ticks++
    if (this.#ticks % LONG_TICK !== 0) return
    this.#gate.expire()
    this.#log.flush()
  }
}

function count(sum: { frames: number; bytes: number }, frame: Buffer): void {
  sum.frames++
  sum.bytes += frame.length
}

/** Null where the kernel does not tell: then nothing new is allowed, and what was allowed ends. */
function hostAddresses(): HostAddresses | null {
  try {
    return readHostAddresses()
  } catch (error) {
    if (error instanceof Error) return null
    throw error
  }
}
