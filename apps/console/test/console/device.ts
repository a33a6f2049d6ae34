// SPDX-License-Identifier: Apache-2.0
//
// A device that does what a test says, over real HTTPS with the pinned key.
import { createHash, randomBytes } from 'node:crypto'
import { request } from 'node:https'
import type { Socket } from 'node:net'
import { TLSSocket } from 'node:tls'
import type { DeviceKey } from '@casemate/policy/device-key'
import type { EnrolmentCode } from '@casemate/policy/enrolment-code'
import { unknownPosture } from '@casemate/policy/host-posture'
import { thumbprint } from '@casemate/policy/jwk'
import { type Lease, verifyLease } from '@casemate/policy/lease'
import { makeProof } from '@casemate/policy/proof'
import { enrolmentTyp, proofHeader, type RequestOf, routes } from '@casemate/policy/protocol'
import { generateDeviceKey } from '@casemate/policy/software-device-key'
import { deviceSigner, signToken } from '@casemate/policy/token'
import { z } from 'zod'
import { newCode, onlineKeys, organisation, type World } from './world.ts'

export interface Answer {
  readonly status: number
  readonly headers: Readonly<Record<string, string | string[] | undefined>>
  readonly bytes: Buffer
  readonly body: z.infer<typeof answerBody>
}

/** What any answer may hold; what is not in it, and what is no JSON at all, is empty. */
const answerBody = z.object({
  error: z.object({ code: z.string(), message: z.string() }).optional(),
  ...{ device: z.string().default(''), organisation: z.string().default(''), title: z.string().default('') },
  ...{ lease: z.string().default(''), time: z.string().default(''), token: z.string().default('') },
  ...{ change: z.number().default(-1), timestamp: z.number().default(-1), receipt: z.string().nullable().default(null) },
})

export interface Sent {
  readonly method?: string
  readonly headers?: Readonly<Record<string, string>>
  readonly body?: Uint8Array | string
  readonly signal?: AbortSignal
}

export const random = (length: number) => new Uint8Array(randomBytes(length))

export function send(world: World, path: string, { method = 'POST', headers = {}, body = '', signal }: Sent = {}): Promise<Answer> {
  const { promise, resolve, reject } = Promise.withResolvers<Answer>()
  const options = { method, path, headers: { ...headers, 'content-length': `${Buffer.byteLength(body)}` }, rejectUnauthorized: false, agent: false }
  const sent = request(world.device, { ...options, ...(signal === undefined ? {} : { signal }) }, (response) => {
    const parts: Buffer[] = []
    response.on('data', (part: Buffer) => parts.push(part))
    response.on('error', reject)
    response.on('end', () => {
      const bytes = Buffer.concat(parts)
      const isJson = response.headers['content-type']?.startsWith('application/json') === true
      resolve({
        status: response.statusCode ?? 0,
        headers: response.headers,
        bytes,
        body: answerBody.parse(isJson ? JSON.parse(bytes.toString()) : {}),
      })
    })
  })
  sent.on('socket', (socket) => socket.once('secureConnect', () => checkPin(world, socket, reject)))
  sent.on('error', reject)
  sent.end(body)
  return promise
}

function checkPin({ pin }: World, socket: Socket, reject: (error: Error) => void): void {
  const key = socket instanceof TLSSocket ? socket.getPeerX509Certificate()?.publicKey.export({ format: 'der', type: 'spki' }) : undefined
  const found = key === undefined ? 'none' : createHash('sha256').update(key).digest('hex')
  if (found !== pin) reject(new Error(`expected the TLS key ${pin}, found ${found}`))
}

export const errorOf = ({ status, body }: Answer) => ({ status, code: body.error?.code })

export interface Asked {
  readonly unanswered?: string
  readonly seq?: number
  readonly now?: number
  readonly signal?: AbortSignal
}

export class ScriptedDevice {
  readonly world: World
  readonly key: DeviceKey
  id = ''
  jkt = ''
  floors: { seq: number; sha256: string | null; serials: Record<string, number> } = { seq: 0, sha256: null, serials: {} }
  lease: Lease | null = null
  change = 0

  private constructor(world: World, key: DeviceKey) {
    this.world = world
    this.key = key
  }

  static async make(world: World): Promise<ScriptedDevice> {
    const { key } = await generateDeviceKey()
    const device = new ScriptedDevice(world, key)
    device.jkt = await thumbprint(key.publicJwk)
    return device
  }

  static async enrolled(world: World, wanted: Parameters<typeof newCode>[1] = {}): Promise<ScriptedDevice> {
    const device = await ScriptedDevice.make(world)
    const answer = await device.enrol(await newCode(world, wanted))
    if (answer.status !== 200) throw new Error(`enrolment failed: ${answer.bytes}`)
    await device.take(answer.body.lease, device.enrolmentNonce)
    return device
  }

  /** A second device with the same keys and the same state, as a copied disk would be. */
  copy(): ScriptedDevice {
    const twin = new ScriptedDevice(this.world, this.key)
    return Object.assign(twin, { id: this.id, jkt: this.jkt, floors: this.floors, lease: this.lease, change: this.change })
  }

  enrolmentNonce = Buffer.from(random(16)).toString('base64url')

  async enrol({ secret }: Pick<EnrolmentCode, 'secret'>, claims: object = {}): Promise<Answer> {
    const { publicJwk, agreementJwk } = this.key
    const secretSha256 = createHash('sha256').update(secret).digest('hex')
    const content = {
      nonce: this.enrolmentNonce,
      iat: this.world.now,
      secretSha256,
      publicJwk,
      agreementJwk,
      name: 'laptop',
      runtimeVersion: '0.1.0',
    }
    const token = await signToken({ ...content, ...claims }, { typ: enrolmentTyp, signer: await deviceSigner(this.key) })
    const answer = await send(this.world, routes.enrol.path, { body: JSON.stringify({ secret, token }) })
    if (answer.status === 200) this.id = answer.body.device
    return answer
  }

  /** Verifies as a device does, and keeps it. */
  async take(token: string, nonce: string): Promise<Lease> {
    const { floors, lease } = await verifyLease(token, {
      ...{ keys: await onlineKeys(this.world), issuer: organisation, device: { id: this.id, jkt: this.jkt }, nonce },
      ...{ floors: this.floors, repository: this.world.console.published.current, now: this.world.now },
    })
    this.floors = { ...floors, serials: { ...floors.serials } }
    this.lease = lease
    return lease
  }

  async proof(method: 'GET' | 'POST', target: string, body: Uint8Array, { unanswered, seq, now }: Asked = {}) {
    const prover = { signer: await deviceSigner(this.key), now: now ?? this.world.now, seq: seq ?? this.floors.seq, random }
    return await makeProof({ method, target, body }, { ...prover, unanswered: unanswered ?? null })
  }

  async post(path: string, value: object, asked: Asked = {}): Promise<Answer & { readonly nonce: string }> {
    const body = Buffer.from(JSON.stringify(value))
    const { token, nonce } = await this.proof('POST', path, body, asked)
    const sent = { headers: { [proofHeader]: token }, body, ...(asked.signal === undefined ? {} : { signal: asked.signal }) }
    return { ...(await send(this.world, path, sent)), nonce }
  }

  async get(path: string, headers: Readonly<Record<string, string>> = {}): Promise<Answer> {
    const { token } = await this.proof('GET', path, new Uint8Array())
    return await send(this.world, path, { method: 'GET', headers: { ...headers, [proofHeader]: token } })
  }

  checkInBody(more: Partial<RequestOf<'checkIn'>> = {}): RequestOf<'checkIn'> {
    const { timestamp, ...versions } = this.world.console.published.current
    return {
      ...{ waitSeconds: 0, seen: { leaseSeq: this.floors.seq, timestamp, change: this.change }, sessions: [] },
      facts: {
        ...{ runtimeVersion: '0.1.0', clock: { system: this.world.now, floor: this.world.now }, sinceContact: { runtimeMinutes: 0, boots: 0 } },
        ...{ network: null, hostNetwork: null, posture: unknownPosture, engines: [], repository: { ...versions, timestamp }, floors: this.floors },
      },
      ...more,
    }
  }

  async checkIn(more: Partial<RequestOf<'checkIn'>> = {}, asked: Asked = {}): Promise<Answer & { readonly nonce: string }> {
    const answer = await this.post(routes.checkIn.path, this.checkInBody(more), asked)
    if (answer.status === 200) {
      this.change = answer.body.change
      await this.take(answer.body.lease, answer.nonce)
    }
    return answer
  }

  async activate(
    presented: string | null,
    instance = 'office-1',
    desktop = 'office',
    asked: Asked = {},
  ): Promise<Answer & { readonly nonce: string }> {
    const answer = await this.post(routes.activate.path, { desktop, instance, presented }, asked)
    if (answer.status === 200) await this.take(answer.body.lease, answer.nonce)
    return answer
  }
}
