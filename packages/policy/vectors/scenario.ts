// SPDX-License-Identifier: Apache-2.0
//
// How a scenario is written down: what differs from a desktop that runs, and what must come of it. Expectations are written by hand; the
// generator refuses to write a vector whose decision is another.
import { createHash } from 'node:crypto'
import { z } from 'zod'
import type { ApprovedRelease } from '../src/decision/decide.ts'
import { type Facts, facts, type Request, request } from '../src/decision/facts.ts'
import { type LaunchPlan, launchPlan } from '../src/decision/launch-plan.ts'
import { unknownPosture } from '../src/decision/posture.ts'
import { type ReasonCode, reasonCodes } from '../src/decision/reasons.ts'
import { type PolicyRule, policy, writePolicy } from '../src/model/policy.ts'
import { type LayerReference, policyDocumentPath, release, releasePath, writeRelease } from '../src/model/release.ts'
import type { SettingName, SettingValues } from '../src/model/settings.ts'
import { administratorGrant } from '../src/trust/administrator-grant.ts'
import { type Lease, lease } from '../src/trust/lease.ts'
import { override } from '../src/trust/override.ts'
import { rescue } from '../src/trust/rescue-code.ts'

export const vectorInput = z.strictObject({
  release: z.strictObject({
    ...{
      path: z.string(),
      sha256: z.string(),
      document: release,
      machine: z.strictObject({ memoryMiB: z.int(), needs: z.array(z.string()).exactOptional() }),
    },
    validity: z.strictObject({ notBefore: z.int().nullable(), notAfter: z.int().nullable() }),
  }),
  policies: z.array(z.strictObject({ path: z.string(), sha256: z.string(), document: policy })),
  lease: lease.nullable(),
  facts,
  request,
  now: z.int(),
  /** Verified; absent: none. */
  overrides: z.array(z.union([override, rescue, administratorGrant])).optional(),
})

const decision = z.union([
  z.strictObject({ allowed: z.literal(true), plan: launchPlan }),
  z.strictObject({
    allowed: z.literal(false),
    reasons: z.array(z.strictObject({ code: z.enum(reasonCodes), sentence: z.string(), nextStep: z.string(), whomToAsk: z.string() })).min(1),
  }),
])

export const vector = z.strictObject({ name: z.string(), about: z.string(), rows: z.array(z.string()), input: vectorInput, decision })

export type VectorInput = z.infer<typeof vectorInput>
export type Vector = z.infer<typeof vector>

/** The rule of a document as somebody writes it. */
export type WrittenRule = Written<PolicyRule>
type Written<R> = R extends { setting: infer S; value: infer V; when: infer W } ? { setting: S; value: V; locked?: boolean; when?: W } : never

export interface LayerOf {
  readonly layer: LayerReference['layer']
  readonly selector?: { readonly group: string } | { readonly user: string } | { readonly device: string } | { readonly tag: string }
  readonly rules: readonly WrittenRule[]
  readonly minRuntime?: string
}

export interface Scenario {
  /** File name without its ending. */
  readonly name: string
  readonly about: string
  /** Of the feature catalogue. */
  readonly rows: readonly string[]
  readonly layers?: readonly LayerOf[]
  /** Applied last; digests are not computed again. */
  readonly change?: (input: VectorInput & { lease: Lease }) => void
  /** `suspendAt`: that of the plan's deadlines alone. */
  readonly expect: ReasonCode | { readonly plan: Partial<LaunchPlan>; readonly suspendAt?: number }
}

/** 2027-01-15 08:00 UTC, a Friday. */
export const now = 1_800_000_000
export const minute = 60
export const day = 86_400

export const jkt = 'vjvxhI8fTWBPGSyGgf8mhUHdqeaTFA0jwiFLHePKlaA'
const sha256 = (text: string) => createHash('sha256').update(text).digest('hex')

/** Nothing to present: what a vector about something else begins with. */
export const noPassword: WrittenRule = { setting: 'authentication', value: { mode: 'none' } }

export function inputOf({ layers = [{ layer: 'organisation', rules: [noPassword] }], change }: Pick<Scenario, 'layers' | 'change'>): VectorInput {
  const policies = layers.map(({ layer, rules, minRuntime = '0.1.0' }, index) => {
    const document = policy.parse({ format: 'casemate-policy-1', name: `${layer}-${index + 1}`, version: '1', minRuntime, rules })
    return { path: policyDocumentPath(document.name, document.version), sha256: sha256(writePolicy(document)), document }
  })
  const references = layers.map(({ layer, selector = null }, index) => ({
    layer,
    selector,
    path: policies[index]?.path,
    sha256: policies[index]?.sha256,
  }))
  const document = release.parse({
    format: 'casemate-release-1',
    desktop: 'office',
    title: 'Office desktop',
    serial: 7,
    minRuntime: '0.1.0',
    package: { path: 'packages/office/3.json', sha256: sha256('the manifest') },
    layers: references,
  })
  const path = releasePath(document.desktop, document.serial)
  const approved: VectorInput['release'] = {
    ...{ path, sha256: sha256(writeRelease(document)), document, machine: { memoryMiB: 512 } },
    validity: { notBefore: null, notAfter: null },
  }
  const input: VectorInput & { lease: Lease } = {
    release: approved,
    policies,
    lease: baseLease(approved),
    facts: baseFacts(),
    request: baseRequest(),
    now,
  }
  change?.(input)
  return input
}

function baseLease({ path, sha256: digest, document }: ApprovedRelease): Lease {
  return lease.parse({
    iss: 'example',
    sub: 'laptop-1',
    cnf: { jkt },
    seq: 40,
    nonce: 'AAAAAAAAAAAAAAAAAAAAAA',
    iat: now - minute,
    exp: now + 7 * day,
    tuf: { root: 1, snapshot: 12, timestamp: 30 },
    claims: { user: 'ada', groups: ['staff'], tags: ['floor-2'], assurance: 'software' },
    assign: [{ path, serial: document.serial, sha256: digest, key: 'AA.AA.AA.AA.AA' }],
    offline: { warnAt: null, restrictAt: null, suspendAt: null, maxRuntimeMinutes: null, maxBoots: null },
    rescue: [],
    action: 'run',
    suspension: null,
  })
}

function baseFacts(): Facts {
  return {
    device: { id: 'laptop-1', jkt },
    runtimeVersion: '0.1.0',
    clock: { system: now, floor: now },
    floors: { seq: 40, sha256: null, serials: { office: 7 } },
    repository: { root: 1, snapshot: 12, timestamp: 30 },
    contactAt: now - minute,
    sinceContact: { runtimeMinutes: 0, boots: 0 },
    network: null,
    presence: { sleptAt: { value: null, from: 'observed' }, idleSince: { value: null, from: 'observed' } },
    hostWide: [],
    hostNetwork: null,
    posture: { ...unknownPosture },
    engines: [
      { name: 'qemu', capabilities: ['network:listed', 'serial:captured', 'suspend'] },
      { name: 'v86', capabilities: ['serial:captured', 'suspend'] },
    ],
    package: 'verified',
  }
}

function baseRequest(): Request {
  return {
    kind: 'power-on',
    session: 'session-1',
    instance: {
      name: 'office-1',
      activatedAt: now - 10 * day,
      boundTo: 'this-device',
      authentication: 'missing',
      authenticatedBy: 'password',
      lockedUntil: null,
      authenticatedAt: null,
      screenLocked: false,
    },
    engine: 'auto',
  }
}

/** The value of a rule as the document holds it. */
export type RuleValue<N extends SettingName> = SettingValues[N]
