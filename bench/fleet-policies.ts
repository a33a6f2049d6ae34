// SPDX-License-Identifier: Apache-2.0
//
// Policies and devices of a made-up fleet for the `decide` bench: rules of every layer, of every setting, under every kind of condition;
// the same again for Cedar, as policies that forbid where ours restrict. No two devices are alike.
import { createHash } from 'node:crypto'
import type { ApprovedRelease } from '../packages/policy/src/decision/decide.ts'
import type { Facts, Request } from '../packages/policy/src/decision/facts.ts'
import { type ApprovedPolicy, layPolicies, type PolicyLayers } from '../packages/policy/src/decision/merge.ts'
import { unknownPosture } from '../packages/policy/src/decision/posture.ts'
import { parsePolicyYaml } from '../packages/policy/src/model/policy.ts'
import { parseRelease } from '../packages/policy/src/model/release.ts'
import type { Lease } from '../packages/policy/src/trust/lease.ts'

export const now = 1_800_000_000
const jkt = 'vjvxhI8fTWBPGSyGgf8mhUHdqeaTFA0jwiFLHePKlaA'
const hex = (text: string) => createHash('sha256').update(text).digest('hex')

const groups = Array.from({ length: 40 }, (_, at) => `group-${at}`)
const tags = Array.from({ length: 40 }, (_, at) => `floor-${at}`)
const pick = <T>(from: readonly T[], at: number): T => from[at % from.length] as T

const values: readonly (readonly [string, (at: number) => unknown])[] = [
  ['expiry', (at) => ({ afterDays: 100 + at, lastDay: null, warnDays: 3 })],
  ['offline', (at) => ({ warnMinutes: 600 + at, restrictMinutes: 700 + at, suspendMinutes: 800 + at, maxRuntimeMinutes: null, maxBoots: null })],
  ['check-in', (at) => 60 + at],
  ['clipboard-to-guest', (at) => ({ maxTextBytes: 4096 + at })],
  ['clipboard-from-guest', (at) => ({ maxTextBytes: 1024 + at })],
  ['exit', (at) => pick(['user', 'suspend', 'power-off'], at)],
  ['memory', (at) => ({ maxMiB: 512 + at })],
  ['serial-port', () => 'captured'],
  ['activation-instances', (at) => 1 + (at % 9)],
]

const whens: readonly ((at: number) => object)[] = [
  () => ({}),
  (at) => ({ groups: [pick(groups, at)] }),
  (at) => ({ tags: [pick(tags, at), pick(tags, at + 7)] }),
  (at) => ({ runtimeVersion: { atLeast: `0.${at % 3}.0` } }),
  () => ({ assurance: ['software'] }),
  () => ({ time: { notBefore: '2026-01-01T00:00:00Z' } }),
]

/** Of each layer one document; `rules` in all, and one that asks for no password. */
export function fleetRelease(rules: number, serial = 7, shift = 0): { readonly release: ApprovedRelease; readonly layers: PolicyLayers } {
  const places = [
    { layer: 'organisation', selector: null },
    { layer: 'group', selector: { group: 'staff' } },
    { layer: 'user', selector: { user: 'ada' } },
    { layer: 'device', selector: { tag: 'portable' } },
  ] as const
  const policies: ApprovedPolicy[] = places.map(({ layer }, place) => {
    const own = Array.from({ length: rules }, (_, at) => at).filter((at) => at % places.length === place)
    const written = own.map((at) => {
      const [setting, value] = pick(values, at)
      return { setting, value: value(at + shift), when: pick(whens, Math.floor(at / values.length) + at)(at) }
    })
    const free = place === 0 ? [{ setting: 'authentication', value: { mode: 'none' } }] : []
    const text = JSON.stringify({ format: 'casemate-policy-1', name: layer, version: '1', minRuntime: '0.1.0', rules: [...free, ...written] })
    return { path: `policies/${layer}/1.json`, sha256: hex(text), document: parsePolicyYaml(text) }
  })
  const document = parseRelease(
    Buffer.from(
      JSON.stringify({
        format: 'casemate-release-1',
        desktop: 'office',
        title: 'Office desktop',
        serial,
        minRuntime: '0.1.0',
        package: { path: 'packages/office/3.json', sha256: hex('the manifest') },
        layers: places.map((place, at) => ({ ...place, path: policies[at]?.path, sha256: policies[at]?.sha256 })),
      }),
    ),
  )
  const release = {
    ...{ path: `releases/office/${serial}.json`, sha256: hex('the release'), document, machine: { memoryMiB: 512 } },
    validity: { notBefore: null, notAfter: null },
  }
  return { release, layers: layPolicies(document, policies) }
}

/** What is known of the device number `at`; each differs from each other. */
export function fleetDevice({ path, sha256 }: ApprovedRelease, at: number) {
  const sub = `laptop-${at}`
  const claims: Lease['claims'] = {
    user: 'ada',
    groups: ['staff', pick(groups, at), pick(groups, Math.floor(at / 40))],
    tags: ['portable', pick(tags, Math.floor(at / 3)), pick(tags, at)],
    assurance: 'software',
  }
  const lease: Lease = {
    ...{ iss: 'example', sub, cnf: { jkt }, seq: 40 + at, nonce: 'AAAAAAAAAAAAAAAAAAAAAA', iat: now - 60 - (at % 60), exp: now + 604_800 },
    tuf: { root: 1, snapshot: 12, timestamp: 30 },
    claims,
    assign: [{ path, serial: 7, sha256, key: 'AA.AA.AA.AA.AA' }],
    offline: { warnAt: null, restrictAt: null, suspendAt: null, maxRuntimeMinutes: null, maxBoots: null },
    ...{ rescue: [], action: 'run', suspension: null },
  }
  const facts: Facts = {
    device: { id: sub, jkt },
    runtimeVersion: `0.${1 + (at % 3)}.${at % 7}`,
    clock: { system: now, floor: now - (at % 100) },
    floors: { seq: 40, sha256: null, serials: { office: 7 } },
    repository: { root: 1, snapshot: 12, timestamp: 30 },
    contactAt: now - (at % 300),
    sinceContact: { runtimeMinutes: at % 30, boots: at % 5 },
    network: null,
    hostWide: [],
    presence: { sleptAt: null, idleSince: null },
    hostNetwork: null,
    posture: unknownPosture,
    engines: [{ name: 'qemu', capabilities: ['network:listed', 'serial:captured', 'suspend'] }],
    package: 'verified',
  }
  const request: Request = {
    kind: 'power-on',
    session: `session-${at}`,
    instance: {
      ...{ name: 'office-1', activatedAt: now - 86_400 - at, boundTo: 'this-device', authentication: 'missing', lockedUntil: null },
      ...{ authenticatedBy: 'password', authenticatedAt: null, screenLocked: false },
    },
    engine: 'auto',
  }
  return { lease, facts, request }
}

/** As many policies under the same kinds of condition: one permits, each other one forbids where its condition holds and a limit is passed. */
export function cedarPolicies(rules: number): string {
  const conditions: readonly ((at: number) => string)[] = [
    () => 'true',
    (at) => `principal.groups.contains("${pick(groups, at)}")`,
    (at) => `principal.tags.containsAny(["${pick(tags, at)}", "${pick(tags, at + 7)}"])`,
    (at) => `context.runtime >= ${at % 3}`,
    () => 'principal.assurance == "software"',
    () => 'context.now >= 1767225600',
  ]
  const forbids = Array.from({ length: rules - 1 }, (_, at) => {
    return `forbid(principal, action == Action::"run", resource) when { ${pick(conditions, Math.floor(at / values.length) + at)(at)} && context.boots > ${100 + at} };`
  })
  return ['permit(principal, action == Action::"run", resource == Desktop::"office");', ...forbids].join('\n')
}
