// SPDX-License-Identifier: Apache-2.0
//
// A TUF repository that signs whatever a test tells it to, and an HTTP server on loopback that serves it as badly as a test wants.
// Written by hand from the specification: it shares no code with the publisher or with tuf-js.
import { createHash, generateKeyPairSync, type KeyObject, sign } from 'node:crypto'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { createServer, type ServerResponse } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { onTestFinished } from 'vitest'

export type Json = null | boolean | number | string | Json[] | { [key: string]: Json }
export type Fields = { [key: string]: Json }

export interface Key {
  readonly id: string
  readonly privateKey: KeyObject
  readonly publicKey: KeyObject
  json: Fields
}

export function newKey(): Key {
  const { publicKey, privateKey } = generateKeyPairSync('ed25519')
  const raw = Buffer.from(publicKey.export({ format: 'jwk' }).x ?? '', 'base64url').toString('hex')
  const json = { keytype: 'ed25519', scheme: 'ed25519', keyval: { public: raw } }
  return { id: digest(Buffer.from(canonical(json))), publicKey, privateKey, json }
}

export const digest = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex')
export const systemNow = (): number => Date.now() / 1000
export const day = 86_400

/** OLPC canonical JSON, as TUF signs. */
export function canonical(value: Json): string {
  if (Array.isArray(value)) return `[${value.map(canonical).join(',')}]`
  if (typeof value === 'string') return `"${value.replaceAll('\\', '\\\\').replaceAll('"', '\\"')}"`
  if (typeof value !== 'object' || value === null) return String(value)
  return `{${Object.keys(value)
    .sort()
    .map((key) => `${canonical(key)}:${canonical(value[key] ?? null)}`)
    .join(',')}}`
}

export const roleNames = ['root', 'targets', 'packages', 'snapshot', 'timestamp'] as const
export type RoleName = (typeof roleNames)[number]

export interface Role {
  version: number
  /** Keys that the delegator lists, and those that sign; usually the same. */
  keys: Key[]
  signers: Key[] | undefined
  threshold: number
  /** Unix seconds. */
  expires: number
  /** Change of the signed part before it is signed, and of the whole document after. */
  alter: (signed: Fields) => Fields
  forge: (document: Fields) => Fields | Uint8Array
}

const role = (keys: number, threshold: number): Role => ({
  version: 1,
  keys: Array.from({ length: keys }, newKey),
  signers: undefined,
  threshold,
  expires: Math.floor(systemNow()) + 30 * day,
  alter: (signed) => signed,
  forge: (document) => document,
})

export class HostileRepository {
  readonly root = role(3, 2)
  readonly targets = role(1, 1)
  readonly packages = role(3, 2)
  readonly snapshot = role(1, 1)
  readonly timestamp = role(1, 1)
  /** What `packages` approves, and the bytes. */
  readonly approved = new Map<string, Uint8Array>()
  readonly paths = ['packages/*/*.json']
  /** What is served, by path of the address. */
  readonly files = new Map<string, Uint8Array>()
  readonly #meta = new Map<RoleName, Uint8Array>()

  constructor() {
    this.approve('packages/office/1.json', 'office 1')
    for (const name of roleNames) this.publish(name)
  }

  approve(path: string, text: string): void {
    this.approved.set(path, Buffer.from(text))
  }

  /** Signs and serves a role as it stands. */
  publish(name: RoleName): void {
    const { version, alter, forge, signers, keys } = this[name]
    const signed = alter(this.#signed(name))
    const bytes = Buffer.from(canonical(signed))
    const signatures = (signers ?? keys).map((key) => ({ keyid: key.id, sig: sign(null, bytes, key.privateKey).toString('hex') }))
    const document = forge({ signatures, signed })
    const file = document instanceof Uint8Array ? document : Buffer.from(JSON.stringify(document))
    this.#meta.set(name, file)
    this.files.set(name === 'timestamp' ? '/metadata/timestamp.json' : `/metadata/${version}.${name}.json`, file)
    if (name === 'packages') for (const [path, content] of this.approved) this.files.set(targetAddress(path, content), content)
  }

  /** The next version of each, and of whatever names them. */
  advance(...names: readonly RoleName[]): void {
    const wanted = new Set<RoleName>([...names, 'snapshot', 'timestamp'])
    for (const name of roleNames) {
      if (!wanted.has(name)) continue
      this[name].version += 1
      this.publish(name)
    }
  }

  advanceRoot(): void {
    this.root.version += 1
    this.publish('root')
  }

  get rootBytes(): Uint8Array {
    return this.#meta.get('root') ?? new Uint8Array()
  }

  serving(name: RoleName): Uint8Array {
    return this.#meta.get(name) ?? new Uint8Array()
  }

  #signed(name: RoleName): Fields {
    const { version, expires } = this[name]
    const type = name === 'packages' ? 'targets' : name
    const head = { _type: type, spec_version: '1.0.31', version, expires: new Date(expires * 1000).toISOString().replace('.000Z', 'Z') }
    if (name === 'root') {
      const named = ['root', 'targets', 'snapshot', 'timestamp'] as const
      const keys = Object.fromEntries(named.flatMap((top) => this[top].keys.map((key) => [key.id, key.json])))
      return { ...head, consistent_snapshot: true, keys, roles: Object.fromEntries(named.map((top) => [top, this.#keysOf(top)])) }
    }
    if (name === 'targets') {
      const keys = Object.fromEntries(this.packages.keys.map((key) => [key.id, key.json]))
      const roles = [{ name: 'packages', ...this.#keysOf('packages'), terminating: true, paths: this.paths }]
      return { ...head, targets: {}, delegations: { keys, roles } }
    }
    if (name === 'packages') return { ...head, targets: Object.fromEntries([...this.approved].map(([path, content]) => [path, fileMeta(content)])) }
    const below = name === 'snapshot' ? (['targets', 'packages'] as const) : (['snapshot'] as const)
    const meta = below.map((under) => [`${under}.json`, { version: this[under].version, ...fileMeta(this.serving(under)) }] as const)
    return { ...head, meta: Object.fromEntries(meta) }
  }

  #keysOf(name: RoleName): Fields {
    return { keyids: this[name].keys.map(({ id }) => id), threshold: this[name].threshold }
  }
}

export const fileMeta = (bytes: Uint8Array): Fields => ({ length: bytes.byteLength, hashes: { sha256: digest(bytes) } })

export function targetAddress(path: string, content: Uint8Array): string {
  const slash = path.lastIndexOf('/') + 1
  return `/targets/${path.slice(0, slash)}${digest(content)}.${path.slice(slash)}`
}

export interface HostileServer {
  readonly origin: string
  /** Addresses asked for, in order. */
  readonly asked: string[]
  /** Instead of the repository's file. */
  readonly answers: Map<string, (response: ServerResponse) => void>
}

export async function serve(repository: { readonly files: ReadonlyMap<string, Uint8Array> }): Promise<HostileServer> {
  const asked: string[] = []
  const answers = new Map<string, (response: ServerResponse) => void>()
  const server = createServer((request, response) => {
    const path = request.url ?? ''
    asked.push(path)
    const answer = answers.get(path)
    const file = repository.files.get(path)
    if (answer !== undefined) answer(response)
    else if (file === undefined) response.writeHead(404).end()
    else response.end(file)
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  onTestFinished(() => {
    server.closeAllConnections()
    server.close()
  })
  const address = server.address()
  if (address === null || typeof address === 'string') throw new Error('the server has no port')
  return { origin: `http://127.0.0.1:${address.port}`, asked, answers }
}

export async function freshFolder(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'casemate-update-'))
  onTestFinished(() => rm(folder, { recursive: true, force: true }))
  return folder
}
