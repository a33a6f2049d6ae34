// SPDX-License-Identifier: Apache-2.0
//
// What the browser is given of the policy package: the readers of its vectors, and the check of a lease. Values come and go as text.
import { decide } from '../../packages/policy/src/decision/decide.ts'
import { liveActions } from '../../packages/policy/src/decision/live.ts'
import { layPolicies } from '../../packages/policy/src/decision/merge.ts'
import { PolicyError } from '../../packages/policy/src/error.ts'
import { parseStrictJson } from '../../packages/policy/src/model/strict-json.ts'
import { decideActivation } from '../../packages/policy/src/trust/activation.ts'
import type { PublicJwk } from '../../packages/policy/src/trust/jwk.ts'
import { verifyLease } from '../../packages/policy/src/trust/lease.ts'
import { inclusionProof, isIncluded, leafHash, rootOf } from '../../packages/policy/src/trust/merkle-tree.ts'

/** A vector as its file says it; its own tests hold its form. */
interface Vector {
  readonly input: Parameters<typeof decideActivation>[0] & {
    readonly release: Parameters<typeof decide>[0]
    readonly policies: Parameters<typeof layPolicies>[1]
    readonly lease: Parameters<typeof decide>[2]
    readonly facts: Parameters<typeof decide>[3]
    readonly request: Parameters<typeof decide>[4]
    readonly now: number
    readonly overrides: Parameters<typeof decide>[6]
    readonly running: Parameters<typeof liveActions>[0]
  }
}

const read = (text: string): Vector['input'] => {
  const vector: unknown = parseStrictJson(text)
  if (!isVector(vector)) throw new Error('expected a vector')
  return vector.input
}

const isVector = (value: unknown): value is Vector => value !== null && typeof value === 'object' && 'input' in value

function decided({ release, policies, lease, facts, request, now, overrides }: Vector['input']) {
  return decide(release, layPolicies(release.document, policies), lease, facts, request, now, overrides)
}

export const readers: Readonly<Record<'decide' | 'activation' | 'live', (text: string) => string>> = {
  decide: (text) => JSON.stringify(decided(read(text))),
  activation: (text) => JSON.stringify(decideActivation(read(text))),
  live: (text) => {
    const input = read(text)
    return JSON.stringify(liveActions(input.running, decided(input), input.now))
  },
}

/** The number of a lease that holds, or the code with which it is refused. */
export async function leaseNumber(token: string, key: PublicJwk, now: number) {
  try {
    const floors = { seq: 0, sha256: null, serials: {} }
    const device = { id: 'laptop-1', jkt: 'vjvxhI8fTWBPGSyGgf8mhUHdqeaTFA0jwiFLHePKlaA' }
    const expected = { keys: () => key, issuer: 'example', device, nonce: null, floors, repository: { root: 1, snapshot: 12, timestamp: 30 }, now }
    return String((await verifyLease(token, expected)).lease.seq)
  } catch (error) {
    if (error instanceof PolicyError) return error.code
    throw error
  }
}

/** The root over these leaves in hexadecimal, once each leaf has been found in it by its proof. */
export async function provenRoot(leaves: readonly string[]): Promise<string> {
  const hashes = await Promise.all(leaves.map((leaf) => leafHash(new TextEncoder().encode(leaf))))
  const root = await rootOf(hashes)
  for (const [index, leaf] of hashes.entries()) {
    const proof = await inclusionProof(index, hashes)
    if (!(await isIncluded(leaf, { index, size: hashes.length, proof, root }))) throw new Error(`leaf ${index} is not in its tree`)
  }
  return [...root].map((byte) => byte.toString(16).padStart(2, '0')).join('')
}
