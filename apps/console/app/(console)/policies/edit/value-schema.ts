// SPDX-License-Identifier: Apache-2.0
//
// The part of JSON Schema that the settings of the catalogue use, and how the form reads it.

export interface ValueSchema {
  readonly type?: string
  readonly const?: unknown
  readonly enum?: readonly unknown[]
  readonly format?: string
  /** What it means, for people. */
  readonly description?: string
  readonly minimum?: number
  readonly maximum?: number
  readonly minItems?: number
  readonly items?: unknown
  readonly prefixItems?: readonly unknown[]
  readonly properties?: Readonly<Record<string, unknown>>
  /** Absent: every member may be left out. */
  readonly required?: readonly string[]
  readonly anyOf?: readonly unknown[]
  readonly oneOf?: readonly unknown[]
}

export function asSchema(value: unknown): ValueSchema {
  return value !== null && typeof value === 'object' ? value : {}
}

/** The schema without `null`, and whether null was allowed. */
export function unwrapNull(schema: ValueSchema): { readonly inner: ValueSchema; readonly nullable: boolean } {
  const variants = (schema.anyOf ?? []).map(asSchema)
  const others = variants.filter(({ type }) => type !== 'null')
  const [only] = others
  return others.length < variants.length && others.length === 1 && only !== undefined
    ? { inner: only, nullable: true }
    : { inner: schema, nullable: false }
}

export interface Variant {
  /** Of the member that tells the variants apart. */
  readonly value: string
  readonly schema: ValueSchema
}

/** Objects that are told apart by one member of constants, such as `mode`. */
export function variantsOf(schema: ValueSchema): { readonly member: string; readonly variants: readonly Variant[] } | null {
  const objects = (schema.oneOf ?? schema.anyOf ?? []).map(asSchema)
  const member = Object.keys(objects[0]?.properties ?? {}).find((name) =>
    objects.every(({ properties }) => typeof asSchema(properties?.[name]).const === 'string'),
  )
  if (member === undefined) return null
  return { member, variants: objects.map((object) => ({ value: String(asSchema(object.properties?.[member]).const), schema: object })) }
}

export const requiredMembers = (schema: ValueSchema): readonly Member[] => membersOf(schema).filter(([name]) => isRequired(schema, name))
export const optionalMembers = (schema: ValueSchema): readonly Member[] => membersOf(schema).filter(([name]) => !isRequired(schema, name))

export type Member = readonly [name: string, schema: ValueSchema]

const isRequired = ({ required }: ValueSchema, name: string): boolean => required?.includes(name) === true
const membersOf = ({ properties }: ValueSchema): readonly Member[] =>
  Object.entries(properties ?? {}).map(([name, member]) => [name, asSchema(member)])

/** A first value of a schema, to be edited: the least that is allowed, no limit where that may be said. */
export function sampleOf(given: ValueSchema): unknown {
  const { inner: schema, nullable } = unwrapNull(given)
  if (nullable) return null
  const variants = variantsOf(schema)?.variants
  if (variants?.[0] !== undefined) return sampleOf(variants[0].schema)
  if (schema.const !== undefined) return schema.const
  if (schema.enum !== undefined) return schema.enum[0]
  if (schema.prefixItems !== undefined) return schema.prefixItems.map((item) => sampleOf(asSchema(item)))
  if (schema.type === 'array') return Array.from({ length: schema.minItems ?? 0 }, () => sampleOf(asSchema(schema.items)))
  if (schema.properties !== undefined) {
    return Object.fromEntries(requiredMembers(schema).map(([name, member]) => [name, sampleOf(member)]))
  }
  if (schema.type === 'boolean') return false
  return schema.type === 'integer' || schema.type === 'number' ? Math.max(schema.minimum ?? 0, 0) : ''
}

/** `maxTextBytes`: Max text bytes */
export function labelOf(member: string): string {
  if (member === 'cidr') return 'Address block'
  if (member === 'network') return 'Network zone'
  const words = member.replace(/([a-z])([A-Z])/g, '$1 $2').replace(/\b[A-Z][a-z]+/g, (word) => word.toLowerCase())
  return words.charAt(0).toUpperCase() + words.slice(1).replace('mi B', 'MiB')
}
