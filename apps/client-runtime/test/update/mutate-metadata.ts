// SPDX-License-Identifier: Apache-2.0
//
// Damage to served metadata, drawn by numbers: none of it signs with enough keys of the role whose file it is.
import { sign } from 'node:crypto'
import fc from 'fast-check'
import { canonical, type Fields, fileMeta, type HostileRepository, type Json, roleNames } from './hostile-repository.ts'

export type Files = Map<string, Uint8Array>

const kinds = [
  'flip',
  'cut',
  'append',
  'drop',
  'repeat',
  'number',
  'threshold',
  'signatures',
  'reorder',
  'duplicate',
  'older',
  'swap',
  'resign',
  // What the gate cannot see, and only signatures tell.
  'resign',
  'resign',
] as const

export const mutation = fc.record({ kind: fc.constantFrom(...kinds), file: fc.nat(), at: fc.nat(), by: fc.nat() })
type Mutation = typeof mutation extends fc.Arbitrary<infer T> ? T : never

interface Field {
  readonly holder: Fields
  readonly name: string
}

const isFields = (value: Json | undefined): value is Fields => typeof value === 'object' && value !== null && !Array.isArray(value)

function fieldsOf(value: Json): readonly Field[] {
  if (Array.isArray(value)) return value.flatMap(fieldsOf)
  if (!isFields(value)) return []
  return Object.entries(value).flatMap(([name, below]) => [{ holder: value, name }, ...fieldsOf(below)])
}

const pick = <T>(list: readonly T[], at: number): T | undefined => list[at % Math.max(1, list.length)]

/** Those that a device at the first versions asks for. */
export const freshNames = (served: Files): readonly string[] => [...served.keys()].filter((name) => /^\/metadata\/(?:2\.|timestamp)/.test(name))

/** Changes one file of `served`, or swaps two; what cannot be done is left undone. */
export function mutate(served: Files, older: Files, repository: HostileRepository, drawn: Mutation): void {
  const names = freshNames(served)
  const [name, other] = [pick(names, drawn.file), pick(names, drawn.by)]
  if (name === undefined || other === undefined) return
  const [bytes, theirs] = [Buffer.from(served.get(name) ?? []), Buffer.from(served.get(other) ?? [])]
  if (drawn.kind === 'swap') served.set(other, bytes).set(name, theirs)
  else served.set(name, drawn.kind === 'older' ? (pick([...older.values()], drawn.at) ?? bytes) : changed(bytes, repository, drawn))
}

/** As who stole both online keys would: the second snapshot and timestamp name the files as they are served now. @returns what was signed so */
export function relink(served: Files, repository: HostileRepository): readonly string[] {
  const under = { snapshot: ['targets', 'packages'], timestamp: ['snapshot'] } as const
  return (['snapshot', 'timestamp'] as const).map((name) => {
    const signed = parsed(repository.serving(name))?.signed
    if (!isFields(signed)) throw new Error(`expected a \`${name}\``)
    const meta = under[name].map((role) => {
      const version = 2
      return [`${role}.json`, { version, ...fileMeta(served.get(`/metadata/${version}.${role}.json`) ?? new Uint8Array()) }] as const
    })
    const text = canonical({ ...signed, version: 2, meta: Object.fromEntries(meta) })
    const signatures = repository[name].keys.map(({ id, privateKey }) => ({
      keyid: id,
      sig: sign(null, Buffer.from(text), privateKey).toString('hex'),
    }))
    const path = name === 'timestamp' ? '/metadata/timestamp.json' : '/metadata/2.snapshot.json'
    served.set(path, Buffer.from(`{"signatures":${JSON.stringify(signatures)},"signed":${text}}`))
    return text
  })
}

function changed(bytes: Buffer, repository: HostileRepository, { kind, at, by }: Mutation): Uint8Array {
  switch (kind) {
    case 'flip': {
      const place = at % Math.max(1, bytes.length)
      return bytes.with(place, (bytes[place] ?? 0) ^ (1 << (by % 8)))
    }
    case 'cut':
      return bytes.subarray(0, at % Math.max(1, bytes.length))
    case 'append':
      return Buffer.concat([bytes, Buffer.from([' ', '{}', '\u0000', 'x'][by % 4] ?? '')])
    case 'duplicate': {
      const all = bytes.toString()
      const member = pick([...all.matchAll(/"(?:version|threshold|expires|length)":(?:\d+|"[^"]*")/g)], at)
      if (member === undefined) return bytes
      const twin = member[0].replace(/\d(?!.*\d)/, String(by % 10))
      return Buffer.from(`${all.slice(0, member.index)}${twin},${all.slice(member.index)}`)
    }
    default: {
      const document = parsed(bytes)
      if (document === null) return bytes
      alter(document, repository, { kind, at, by })
      return Buffer.from(JSON.stringify(document))
    }
  }
}

function parsed(bytes: Uint8Array): Fields | null {
  try {
    const value: Json = JSON.parse(Buffer.from(bytes).toString())
    return isFields(value) ? value : null
  } catch {
    return null
  }
}

function alter(document: Fields, repository: HostileRepository, { kind, at, by }: Omit<Mutation, 'file'>): void {
  const fields = fieldsOf(document)
  const field = pick(fields, at)
  const number = pick(
    fields.filter(({ holder, name }) => typeof holder[name] === 'number' && (kind === 'number' || name === 'threshold')),
    at,
  )
  const { signatures, signed } = document
  switch (kind) {
    case 'drop':
      if (field !== undefined) delete field.holder[field.name]
      return
    case 'repeat':
      if (field !== undefined)
        field.holder[`${field.name}${by % 2 === 0 ? '2' : ''}`] = [field.holder[field.name] ?? null, field.holder[field.name] ?? null]
      return
    case 'number':
    case 'threshold':
      if (number !== undefined) number.holder[number.name] = [0, 1, -1, 2, 1e9, 1.5, 2 ** 53][by % 7] ?? 0
      return
    case 'reorder':
      for (const [key, value] of Object.entries(document).reverse()) {
        delete document[key]
        document[key] = value
      }
      return
    case 'signatures':
      if (Array.isArray(signatures)) document.signatures = by % 2 === 0 ? [...signatures].reverse() : signatures.slice(1)
      return
    case 'resign': {
      if (!isFields(signed) || !Array.isArray(signatures)) return
      const own = signatures.flatMap((signature) => (isFields(signature) && typeof signature.keyid === 'string' ? signature.keyid : []))
      const thief = pick(
        roleNames.flatMap((role) => repository[role].keys).filter(({ id }) => !own.includes(id)),
        at,
      )
      if (thief === undefined) return
      signed.version = Number(signed.version) + (by % 3)
      signed.expires = '2039-01-01T00:00:00Z'
      const sig = sign(null, Buffer.from(canonical(signed)), thief.privateKey).toString('hex')
      document.signatures = [...new Set([thief.id, ...own])].map((keyid) => ({ keyid, sig }))
    }
  }
}
