// SPDX-License-Identifier: Apache-2.0
//
// Decisions on one processor, each over another device, all of them ten times, against Cedar with its policies parsed beforehand; the impact of a release on
// 100,000 devices; leases signed for proofs that were checked, by processor time. Cedar answers allow or deny; ours a whole launch plan.
import { generateKeyPairSync, randomBytes } from 'node:crypto'
import { preparsePolicySet, type StatefulAuthorizationCall, statefulIsAuthorized } from '@cedar-policy/cedar-wasm/nodejs'
import { decide } from '../packages/policy/src/decision/decide.ts'
import { impactOf } from '../packages/policy/src/decision/impact.ts'
import { ed25519Signer } from '../packages/policy/src/trust/ed25519-signer.ts'
import { leaseTyp } from '../packages/policy/src/trust/lease.ts'
import { makeProof, verifyProof } from '../packages/policy/src/trust/proof.ts'
import { generateDeviceKey } from '../packages/policy/src/trust/software-device-key.ts'
import { deviceSigner, signToken } from '../packages/policy/src/trust/token.ts'
import { cedarPolicies, fleetDevice, fleetRelease, now } from './fleet-policies.ts'
import { type Figures, inTurn } from './median.ts'

const rounds = 5
const devices = 20_000
/** One alone is over before the machine code of a decision is settled. */
const passes = 10
const fleet = 100_000
const inFlight = 8

export async function run(): Promise<Figures> {
  const figures = await inTurn(rounds, {
    decisions_50: decisionsOver(50),
    decisions_500: decisionsOver(500),
    cedar_50: cedarOver(50),
    impact_seconds: impactOverFleet(),
    leases: await leasesForProofs(),
  })
  const { decisions_50, decisions_500, cedar_50, impact_seconds, leases } = figures
  return {
    medians: {
      decisions_per_second_50: decisions_50,
      decisions_per_second_500: decisions_500,
      cedar_per_second_50: cedar_50,
      impact_seconds,
      leases,
    },
    ratios: {
      decisions_per_second_50: decisions_50,
      decisions_per_second_500: decisions_500,
      vs_cedar_50: decisions_50 / cedar_50,
      impact_100k_seconds: impact_seconds,
      leases_per_second: leases,
    },
  }
}

/** @returns how often `act` runs in a second of processor time, of all threads, a few at once as a server has them. */
async function ratePerCore(times: number, act: (at: number) => Promise<unknown>): Promise<number> {
  const began = process.cpuUsage()
  let next = 0
  const work = async () => {
    for (let at = next++; at < times; at = next++) await act(at)
  }
  await Promise.all(Array.from({ length: inFlight }, work))
  const { user, system } = process.cpuUsage(began)
  return (1_000_000 * times) / (user + system)
}

/** @returns how often `act` runs in a second. */
function rateSync(times: number, act: (at: number) => void): number {
  const began = performance.now()
  for (let at = 0; at < times; at += 1) act(at)
  return (1000 * times) / (performance.now() - began)
}

function decisionsOver(rules: number): () => Promise<number> {
  const { release, layers } = fleetRelease(rules)
  const inputs = Array.from({ length: devices }, (_, at) => fleetDevice(release, at))
  return async () =>
    rateSync(devices * passes, (at) => {
      const { lease, facts, request } = inputs[at % devices] as (typeof inputs)[number]
      const decision = decide(release, layers, lease, facts, request, now)
      if (!decision.allowed) throw new Error(`expected a plan, found ${JSON.stringify(decision.reasons)}`)
    })
}

function cedarOver(rules: number): () => Promise<number> {
  const parsed = preparsePolicySet('fleet', { staticPolicies: cedarPolicies(rules) })
  if (parsed.type !== 'success') throw new Error(JSON.stringify(parsed.errors))
  const { release } = fleetRelease(rules)
  const calls = Array.from({ length: devices }, (_, at): StatefulAuthorizationCall => {
    const { lease, facts } = fleetDevice(release, at)
    const { groups, tags, assurance } = lease.claims
    const uid = { type: 'Device', id: lease.sub }
    return {
      principal: uid,
      action: { type: 'Action', id: 'run' },
      resource: { type: 'Desktop', id: 'office' },
      context: { runtime: Number(facts.runtimeVersion.split('.')[1]), now, boots: facts.sinceContact.boots },
      preparsedPolicySetId: 'fleet',
      entities: [{ uid, attrs: { groups: [...groups], tags: [...tags], assurance }, parents: [] }],
    }
  })
  return async () =>
    rateSync(devices, (at) => {
      const answer = statefulIsAuthorized(calls[at] as StatefulAuthorizationCall)
      if (answer.type !== 'success' || answer.response.decision !== 'allow') throw new Error(`expected allow, found ${JSON.stringify(answer)}`)
    })
}

function impactOverFleet(): () => Promise<number> {
  const [before, after] = [fleetRelease(50), fleetRelease(50, 8, 3)]
  const known = Array.from({ length: fleet }, (_, at) => {
    const { lease, facts } = fleetDevice(before.release, at)
    return { sub: lease.sub, claims: lease.claims, runtimeVersion: facts.runtimeVersion, engines: facts.engines, activatedAt: now }
  })
  const of = ({ release, layers }: typeof before) => ({ release: release.document, layers })
  return async () => {
    const began = performance.now()
    const impact = impactOf(of(before), of(after), known, now)
    if (impact.length !== fleet) throw new Error(`expected every device to be hit, found ${impact.length}`)
    return (performance.now() - began) / 1000
  }
}

async function leasesForProofs(): Promise<() => Promise<number>> {
  const { key } = await generateDeviceKey()
  const device = await deviceSigner(key)
  const { d = '', x = '' } = generateKeyPairSync('ed25519').privateKey.export({ format: 'jwk' })
  const { signer: online } = await ed25519Signer({ seed: Buffer.from(d, 'base64url'), publicKey: Buffer.from(x, 'base64url') })
  const { release } = fleetRelease(50)
  const body = Buffer.from('{}')
  const request = { method: 'POST', target: '/device/v1/check-in', body } as const
  const random = (length: number) => new Uint8Array(randomBytes(length))
  return async () => {
    const proofs = await Promise.all(
      Array.from({ length: 2000 }, async (_, at) => await makeProof(request, { signer: device, now, seq: at, random, unanswered: null })),
    )
    return await ratePerCore(proofs.length, async (at) => {
      const { token } = proofs[at] as (typeof proofs)[number]
      await verifyProof(token, { keys: () => key.publicJwk, request, now, claim: () => true })
      await signToken(fleetDevice(release, at).lease, { typ: leaseTyp, signer: online })
    })
  }
}
