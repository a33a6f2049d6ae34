// SPDX-License-Identifier: Apache-2.0
//
// What a value may be, in words, out of the JSON Schema that its parser gives.
import { z } from 'zod'

const node = z.looseObject({
  type: z.string().optional(),
  const: z.unknown().optional(),
  enum: z.array(z.unknown()).optional(),
  format: z.string().optional(),
  description: z.string().optional(),
  minimum: z.number().optional(),
  maximum: z.number().optional(),
  minItems: z.number().optional(),
  maxItems: z.number().optional(),
  items: z.unknown().optional(),
  prefixItems: z.array(z.unknown()).optional(),
  properties: z.record(z.string(), z.unknown()).optional(),
  anyOf: z.array(z.unknown()).optional(),
  oneOf: z.array(z.unknown()).optional(),
})

type Node = z.infer<typeof node>

export interface FieldWords {
  /** From the value down, such as `allow[].ports`. */
  readonly path: string
  readonly form: string
  readonly description: string
}

/** @param schema of a whole value. @returns the form of the value itself, and of every field in it. */
export function valueWords(schema: z.ZodType): { readonly form: string; readonly fields: readonly FieldWords[] } {
  const root = node.parse(z.toJSONSchema(schema, { io: 'input' }))
  return { form: formOf(root), fields: fieldsOf(root, '') }
}

function formOf(value: Node): string {
  if (value.const !== undefined) return code(value.const)
  if (value.enum !== undefined) return value.enum.map(code).join(', ')
  const variants = [...(value.anyOf ?? []), ...(value.oneOf ?? [])].map((variant) => node.parse(variant))
  if (variants.length > 0) return variants.map(formOf).join(' or ')
  if (value.prefixItems !== undefined)
    return `a list of ${value.prefixItems.length}: ${value.prefixItems.map((item) => formOf(node.parse(item))).join('; ')}`
  switch (value.type) {
    case 'integer':
      return `a whole number from ${value.minimum ?? '…'} to ${value.maximum ?? '…'}`
    case 'string':
      return value.format === 'date' ? 'a day, `2027-01-31`' : 'a text'
    case 'array':
      return `a list of ${value.minItems ?? 0} to ${value.maxItems ?? '…'}`
    case 'object':
      return `an object of ${Object.keys(value.properties ?? {})
        .map((name) => `\`${name}\``)
        .join(', ')}`
    case 'boolean':
      return '`true` or `false`'
    case 'null':
      return 'null'
    default:
      throw new Error(`no words for ${JSON.stringify(value)}`)
  }
}

function fieldsOf(value: Node, path: string): readonly FieldWords[] {
  const variants = [...(value.anyOf ?? []), ...(value.oneOf ?? [])].map((variant) => node.parse(variant))
  if (variants.length > 0) return merged(variants.flatMap((variant) => fieldsOf(variant, path)))
  if (value.prefixItems === undefined && value.items !== undefined) return fieldsOf(node.parse(value.items), `${path}[]`)
  return Object.entries(value.properties ?? {}).flatMap(([name, child]) => {
    const field = node.parse(child)
    const at = path === '' ? name : `${path}.${name}`
    return [{ path: at, form: formOf(field), description: field.description ?? '' }, ...fieldsOf(field, at)]
  })
}

/** Fields that several variants have, such as `mode`, once. */
function merged(fields: readonly FieldWords[]): readonly FieldWords[] {
  const byPath = new Map<string, FieldWords>()
  for (const field of fields) {
    const had = byPath.get(field.path)
    byPath.set(field.path, had === undefined ? field : { ...had, form: `${had.form}, ${field.form}` })
  }
  return [...byPath.values()]
}

function code(value: unknown): string {
  return `\`${typeof value === 'string' ? value : JSON.stringify(value)}\``
}
