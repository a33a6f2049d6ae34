// SPDX-License-Identifier: Apache-2.0
//
// The device door as a hono application: the routes of the protocol, and nothing else. Order of every proven call: 1 a device that is
// known, 2 size, 3 proof, 4 rate, 5 form, 6 the act; of the others: rate, size, form, act. What fails first is what is answered.

import { PolicyError } from '@casemate/policy/error'
import { objectRoutes, type ProtocolError, proofHeader, protocolError, routes } from '@casemate/policy/protocol'
import { parseStrictJson } from '@casemate/policy/strict-json'
import type { HttpBindings } from '@hono/node-server'
import { type Context, Hono } from 'hono'
import type { z } from 'zod'
import { activate } from '../src/activation/activate.ts'
import { checkIn } from '../src/devices/check-in.ts'
import { enrol } from '../src/devices/enrol.ts'
import { challenge, introduce } from '../src/devices/introduce.ts'
import { signTime } from '../src/devices/sign-time.ts'
import { ConsoleError } from '../src/error.ts'
import { keepShares } from '../src/escrow/keep.ts'
import type { Console } from '../src/organisation/console.ts'
import { receiveReport } from '../src/reports/receive.ts'
import { answerError, answerJson, type ReportFailure, TooManyRequests } from './answer.ts'
import { answerNamed, type FileKind } from './files.ts'
import { findProver, type Proven, prove } from './prove.ts'
import { defaultLimits, type Limits, RateLimit } from './rate-limit.ts'
import { readBody } from './read-body.ts'
import { ReplayMemory } from './replay-memory.ts'

export interface DeviceAppOptions {
  readonly report: ReportFailure
  readonly limits?: Limits
}

type Env = { readonly Bindings: HttpBindings }

interface Route<T> {
  readonly path: string
  readonly maxBytes: number
  readonly request: z.ZodType<T>
  readonly errors: readonly ProtocolError[]
}

const fileErrors: readonly ProtocolError[] = protocolError.options

export function createDeviceApp(console: Console, { report, limits = defaultLimits }: DeviceAppOptions): Hono<Env> {
  const app = new Hono<Env>()
  const check = { replays: new ReplayMemory(console.now), startedAt: console.now() }
  const [byAddress, byDevice] = [gate(console, limits, ['enrol', 'time', 'unproven']), gate(console, limits, ['calls', 'activate', 'files'])]

  const open = <T>(route: Route<T>, kind: 'enrol' | 'time', act: (body: T) => Promise<object>) => {
    app.post(route.path, async (context) => {
      try {
        byAddress(kind, addressOf(context))
        return answerJson(await act(parse(route, await readBody(context.req.raw, route.maxBytes))))
      } catch (error) {
        return answerError(error, route.errors, report)
      }
    })
  }
  /** Whoever fails to prove is counted by address: proofs cost the console more than they cost the caller. */
  const counted = async <T>(context: Context<Env>, step: Promise<T>): Promise<T> => {
    try {
      return await step
    } catch (error) {
      byAddress('unproven', addressOf(context))
      throw error
    }
  }
  const provenCall = async (context: Context<Env>, kind: 'calls' | 'activate' | 'files', maxBytes: number) => {
    const prover = await counted(context, findProver(console, context.req.header(proofHeader) ?? null))
    const body = await readBody(context.req.raw, maxBytes)
    const url = new URL(context.req.url)
    const method = context.req.method === 'GET' ? 'GET' : 'POST'
    const proven = await counted(context, prove(console, check, prover, { method, target: `${url.pathname}${url.search}`, body }))
    byDevice(kind, proven.actor.device)
    return { proven, body }
  }
  const proven = <T>(route: Route<T>, kind: 'calls' | 'activate', act: (proven: Proven, body: T, gone: AbortSignal) => Promise<object>) => {
    app.post(route.path, async (context) => {
      const gone = goneSignal(context)
      try {
        const { proven: caller, body } = await provenCall(context, kind, route.maxBytes)
        return answerJson(await act(caller, parse(route, body), gone))
      } catch (error) {
        return answerError(error, route.errors, report)
      }
    })
  }
  const file = (kind: FileKind) => {
    const { prefix } = objectRoutes[kind]
    app.get(`${prefix}*`, async (context) => {
      try {
        const { proven: caller } = await provenCall(context, 'files', 0)
        const name = new URL(context.req.url).pathname.slice(prefix.length)
        return await answerNamed(console, caller.device, { kind, name, range: context.req.header('range') ?? null })
      } catch (error) {
        return answerError(error, fileErrors, report)
      }
    })
  }

  open(routes.introduce, 'enrol', (body) => introduce(console, body))
  open(routes.challengeTpm, 'enrol', (body) => challenge(console, body))
  open(routes.enrol, 'enrol', (body) => enrol(console, body))
  open(routes.askTime, 'time', async ({ nonce }) => ({ time: await signTime(console, nonce) }))
  proven(routes.checkIn, 'calls', ({ actor, question }, body, gone) => checkIn(actor, console, body, question, gone))
  proven(routes.activate, 'activate', ({ actor, question }, body) => activate(actor, console, body, question))
  proven(routes.sendReport, 'calls', async ({ actor }, body) => ({ receipt: await receiveReport(actor, console, body) }))
  proven(routes.keepEscrow, 'calls', ({ actor }, body) => keepShares(actor, console, body))
  for (const kind of ['object', 'metadata', 'target'] as const) file(kind)
  app.notFound(() => answerError(new ConsoleError('not-found', 'there is no such call'), fileErrors, report))
  app.onError((error) => answerError(error, fileErrors, report))
  return app
}

/** @throws TooManyRequests */
function gate<K extends keyof Limits>(console: Console, limits: Limits, kinds: readonly K[]): (kind: K, caller: string) => void {
  const buckets = new Map(kinds.map((kind) => [kind, new RateLimit(limits[kind])]))
  return (kind, caller) => {
    const wait = buckets.get(kind)?.take(caller, console.now()) ?? 0
    if (wait > 0) throw new TooManyRequests(wait)
  }
}

/** @throws ConsoleError `bad-request` */
function parse<T>({ request, maxBytes }: Route<T>, body: Uint8Array): T {
  try {
    return request.parse(parseStrictJson(body, { maxBytes, maxDepth: 16 }))
  } catch (cause) {
    throw new ConsoleError('bad-request', cause instanceof PolicyError ? cause.message : 'expected a request of this call, found another', { cause })
  }
}

function addressOf(context: Context<Env>): string {
  return context.env.incoming.socket.remoteAddress ?? 'unknown'
}

/** Aborted when the connection ends before its answer. */
function goneSignal(context: Context<Env>): AbortSignal {
  const gone = new AbortController()
  context.env.outgoing.once('close', () => gone.abort())
  return gone.signal
}
