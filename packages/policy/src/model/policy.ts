// SPDX-License-Identifier: Apache-2.0
//
// The document that an administrator writes. YAML and JSON read to the same document; what is approved and hashed is the canonical
// JSON. An unknown setting, field or repeated key is a refusal: a runtime that does not know a rule does not guess.
import { parseDocument, visit } from 'yaml'
import { z } from 'zod'
import { PolicyError } from '../error.ts'
import { canonicalJson } from './canonical-json.ts'
import { condition } from './condition.ts'
import { runtimeVersion, slug, versionText } from './names.ts'
import { policyTest } from './policy-test.ts'
import { catalogue, type SettingName, type SettingValues, schemasBySetting } from './settings.ts'
import { documentLimits, type Json, parseStrictJson } from './strict-json.ts'

type RuleSchema<N extends SettingName> = z.ZodObject<
  { setting: z.ZodLiteral<N>; value: z.ZodType<SettingValues[N]>; locked: z.ZodDefault<z.ZodBoolean>; when: z.ZodPrefault<typeof condition> },
  z.core.$strict
>

const ruleOf = <N extends SettingName>(name: N): RuleSchema<N> =>
  z
    .strictObject({
      setting: z.literal(name),
      value: catalogue[name].value,
      locked: z.boolean().default(false).describe('Nearer layers can no longer loosen this setting'),
      when: condition.prefault({}),
    })
    .describe(catalogue[name].description)

const [firstRule, ...otherRules] = Object.values(schemasBySetting<{ readonly [N in SettingName]: RuleSchema<N> }>(ruleOf))
if (firstRule === undefined) throw new Error('the catalogue is empty')
const rule = z.discriminatedUnion('setting', [firstRule, ...otherRules])

export const policy = z.strictObject({
  format: z.literal('casemate-policy-1'),
  name: slug,
  version: versionText,
  /** A runtime older than this refuses the document instead of reading half of it. */
  minRuntime: runtimeVersion,
  rules: z
    .array(rule.refine(({ setting, when }) => setting !== 'zones' || when.network === undefined, 'expected a zone that does not depend on zones'))
    .max(1000),
  /** Run whenever the document is put forward. */
  tests: z.array(policyTest).max(200).optional(),
})

/** What editors ask for in the text; it rules nothing, so it is no part of the document that is approved. */
const typedPolicy = policy.extend({ $schema: z.string().min(1).max(1024).optional().describe('Where the schema for editors is; not approved') })

export type Policy = z.infer<typeof policy>
export type PolicyRule = Policy['rules'][number]

/**
 * The document as approved: strict JSON, without `$schema`.
 * @throws PolicyError `json-*` or `policy-invalid`, naming each field that is wrong.
 */
export function parsePolicy(source: Uint8Array | string): Policy {
  return checkPolicy(policy, parseStrictJson(source))
}

/**
 * The document as somebody types it: YAML 1.2 without anchors, aliases, tags and second documents, so that it says nothing that JSON
 * could not. A `$schema` is for the editor alone and is left out.
 * @throws PolicyError `yaml-invalid`, `json-*` (the same limits as JSON) or `policy-invalid`.
 */
export function parsePolicyYaml(text: string): Policy {
  const { $schema: _, ...document } = checkPolicy(typedPolicy, parseStrictJson(canonicalJson(readYaml(text))))
  return document
}

/** One text for one document: what is hashed and approved. */
export function writePolicy(document: Policy): string {
  return canonicalJson(document)
}

/** For editors, of what somebody types; what refinements check (order of ports, address blocks) is left to the parser. */
export function policyJsonSchema(): object {
  return z.toJSONSchema(typedPolicy, { io: 'input' })
}

function checkPolicy<T>(schema: z.ZodType<T>, value: Json): T {
  const parsed = schema.safeParse(value)
  if (!parsed.success) throw new PolicyError('policy-invalid', `expected a policy: ${z.prettifyError(parsed.error)}`, parsed.error)
  return parsed.data
}

function readYaml(text: string): unknown {
  if (text.length > documentLimits.maxBytes) {
    throw new PolicyError('json-size', `expected at most ${documentLimits.maxBytes} bytes, found ${text.length} characters`)
  }
  try {
    const document = parseDocument(text, { version: '1.2', schema: 'core', strict: true, uniqueKeys: true, stringKeys: true, merge: false })
    const problem = document.errors[0] ?? document.warnings[0]
    if (problem !== undefined) throw new PolicyError('yaml-invalid', problem.message, problem)
    visit(document, {
      Alias: () => refuse('an alias'),
      Node: (_key, node) => (node.tag !== undefined || ('anchor' in node && node.anchor !== undefined) ? refuse('an anchor or a tag') : undefined),
    })
    return document.toJS({ maxAliasCount: 0 })
  } catch (cause) {
    if (cause instanceof PolicyError) throw cause
    throw new PolicyError('yaml-invalid', 'expected YAML that says what JSON could say, found something else', cause)
  }
}

function refuse(what: string): never {
  throw new PolicyError('yaml-invalid', `expected YAML without anchors, aliases and tags, found ${what}`)
}
