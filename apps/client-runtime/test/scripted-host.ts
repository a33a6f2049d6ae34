// SPDX-License-Identifier: Apache-2.0
//
// A control door that answers as a session host does and remembers what it was told; no VM stands behind it.
import { mkdir, rm } from 'node:fs/promises'
import { createServer, type Server } from 'node:http'
import { join } from 'node:path'
import { type LaunchPlan, launchPlan } from '@casemate/policy/launch-plan'
import { getRequestListener } from '@hono/node-server'
import { Hono } from 'hono'
import { ControlClient } from '../daemon/sessions/control-client.ts'
import type { SessionKeys, StartHost } from '../daemon/sessions/sessions.ts'
import { layoutOf } from '../layout.ts'
import type { GuestInfoView, NetworkView, SessionEvent, SessionRequest, SessionState, SessionStats, SessionView } from '../local-api.ts'
import { EventLog } from '../session-host/event-log.ts'
import { quarantineWords } from '../session-host/quarantine-words.ts'

export class ScriptedHost {
  readonly events = new EventLog()
  plan: LaunchPlan
  state: SessionState = 'running'
  heartbeats = 0
  /** What its VM has used; null: there is none; `silent`: it does not answer. */
  stats: SessionStats | null | 'silent' = null
  network: NetworkView | null = null
  readonly asked: string[] = []
  /** What it offers its user. */
  requests: SessionRequest[] = []
  /** Ends, its doors with it, when it is next asked for anything. */
  dies = false
  /** A copy of its own, as a process has. */
  readonly keys: SessionKeys
  /** The daemon's, which it overwrites. */
  readonly given: SessionKeys
  #server: Server | null = null
  readonly #folder: string

  constructor(plan: LaunchPlan, keys: ScriptedHost['keys'], folder: string) {
    this.plan = plan
    this.keys = { ...keys, packageKey: Uint8Array.from(keys.packageKey), instanceKey: Uint8Array.from(keys.instanceKey) }
    this.given = keys
    this.#folder = folder
  }

  async open(): Promise<ControlClient> {
    await mkdir(this.#folder, { recursive: true, mode: 0o700 })
    const socket = join(this.#folder, 'control.sock')
    const app = new Hono()
    app.get('/session', (context) => context.json(this.#view()))
    app.get('/observation', (context) => context.json(null))
    app.get('/network', (context) => context.json(this.network))
    app.get('/stats', (context) => (this.stats === 'silent' ? context.json({ code: 'time-out' }, 503) : context.json(this.stats)))
    app.get('/viewer', (context) => context.json({ viewer: 'http://127.0.0.1:9', viewerToken: 'token' }))
    app.post('/heartbeat', (context) => {
      this.heartbeats += 1
      return context.json(this.#view())
    })
    app.put('/plan', async (context) => {
      this.plan = launchPlan.parse(await context.req.json())
      this.add('replanned')
      return context.json(this.#view())
    })
    app.post('/guest-info', (context) => context.json({ values: [], refused: [] } satisfies GuestInfoView))
    app.get('/events', async (context) => {
      const after = Number(context.req.query('after'))
      if (this.events.after(after).length === 0) await this.events.next(AbortSignal.any([context.req.raw.signal, AbortSignal.timeout(5000)]))
      return context.json(this.events.after(after))
    })
    app.post('/requests/:request', async (context) => {
      this.asked.push(context.req.param('request'))
      if (this.dies) await this.close()
      const states: Readonly<Record<string, SessionState>> = { pause: 'paused', resume: 'running', suspend: 'suspended' }
      this.state = states[context.req.param('request')] ?? 'locked'
      this.add('state', { state: this.state })
      return context.json(this.#view())
    })
    const server = createServer(getRequestListener(app.fetch))
    this.#server = server
    await new Promise<void>((resolve) => server.listen(socket, resolve))
    this.add('state', { state: 'running' })
    return new ControlClient(socket)
  }

  add(type: string, data: SessionEvent['data'] = {}): void {
    this.events.add(type, data)
  }

  async close(): Promise<void> {
    this.#server?.closeAllConnections()
    this.#server?.close()
    await rm(this.#folder, { recursive: true, force: true })
  }

  #view(): SessionView {
    const { session, instance, desktop, engine, network, clipboard } = this.plan
    return {
      ...{ session, instance, desktop, engine, package: this.plan.package, state: this.state, holds: [], reason: null, requests: this.requests },
      ...{
        network: network.mode,
        quarantine: quarantineWords(this.plan),
        clipboard: { toGuest: clipboard.toGuest.allowed, fromGuest: clipboard.fromGuest.allowed },
      },
      content: null,
      guest: null,
      drives: [],
      usb: [],
    }
  }
}

/** @param hosts takes each one that is started */
export function scriptedHosts(data: string, hosts: ScriptedHost[]): StartHost {
  return async (plan, keys) => {
    const host = new ScriptedHost(plan, keys, layoutOf(data).runtime(plan.session))
    hosts.push(host)
    return { control: await host.open() }
  }
}
