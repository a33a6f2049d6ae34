// SPDX-License-Identifier: Apache-2.0
//
// The Merkle tree of RFC 9162, section 2.1 (the one of RFC 6962), over SHA-256. Hashes are 32 bytes. Whoever keeps a root can be shown that
// a later tree only added to it, and that an entry is in it, without the other entries.
import { sha256 } from './sha256.ts'

type Hash = Uint8Array<ArrayBuffer>

/** Of an entry (2.1.1): never that of two others, since their prefixes differ. */
export async function leafHash(entry: Uint8Array): Promise<Hash> {
  return await sha256(joined([0], entry))
}

/** Of leaf hashes in their order; of none it is the SHA-256 of nothing. */
export async function rootOf(leaves: readonly Hash[]): Promise<Hash> {
  const [only] = leaves
  if (only === undefined) return await sha256(new Uint8Array())
  if (leaves.length === 1) return only
  const split = largestPowerBelow(leaves.length)
  return await nodeHash(await rootOf(leaves.slice(0, split)), await rootOf(leaves.slice(split)))
}

/** PATH(index, leaves) of 2.1.3.1. @throws RangeError where there is no such leaf */
export async function inclusionProof(index: number, leaves: readonly Hash[]): Promise<readonly Hash[]> {
  if (!Number.isInteger(index) || index < 0 || index >= leaves.length) throw new RangeError(`expected a leaf below ${leaves.length}, found ${index}`)
  if (leaves.length === 1) return []
  const split = largestPowerBelow(leaves.length)
  const [left, right] = [leaves.slice(0, split), leaves.slice(split)]
  return index < split
    ? [...(await inclusionProof(index, left)), await rootOf(right)]
    : [...(await inclusionProof(index - split, right)), await rootOf(left)]
}

/** Whether `leaf` is the one at `index` of the tree of `size` leaves with that root (2.1.3.2). */
export async function isIncluded(
  leaf: Hash,
  { index, size, proof, root }: { readonly index: number; readonly size: number; readonly proof: readonly Hash[]; readonly root: Hash },
): Promise<boolean> {
  if (!isCount(index) || !isCount(size) || index >= size) return false
  let [at, last, hash] = [index, size - 1, leaf]
  for (const sibling of proof) {
    if (last === 0) return false
    if (at % 2 === 1 || at === last) {
      hash = await nodeHash(sibling, hash)
      while (at % 2 === 0 && at !== 0) [at, last] = [half(at), half(last)]
    } else {
      hash = await nodeHash(hash, sibling)
    }
    ;[at, last] = [half(at), half(last)]
  }
  return last === 0 && equal(hash, root)
}

/** PROOF(first, leaves) of 2.1.4.1: that the first leaves have not changed. Empty where they are none or all. @throws RangeError */
export async function consistencyProof(first: number, leaves: readonly Hash[]): Promise<readonly Hash[]> {
  if (!Number.isInteger(first) || first < 0 || first > leaves.length) throw new RangeError(`expected at most ${leaves.length} leaves, found ${first}`)
  return first === 0 ? [] : await subproof(first, leaves, true)
}

async function subproof(first: number, leaves: readonly Hash[], isWhole: boolean): Promise<readonly Hash[]> {
  if (first === leaves.length) return isWhole ? [] : [await rootOf(leaves)]
  const split = largestPowerBelow(leaves.length)
  const [left, right] = [leaves.slice(0, split), leaves.slice(split)]
  return first <= split
    ? [...(await subproof(first, left, isWhole)), await rootOf(right)]
    : [...(await subproof(first - split, right, false)), await rootOf(left)]
}

export interface TreeHead {
  /** Leaves. */
  readonly size: number
  readonly root: Hash
}

/** Whether the tree of `second` begins with that of `first` (2.1.4.2). */
export async function isConsistent(first: TreeHead, second: TreeHead, proof: readonly Hash[]): Promise<boolean> {
  if (!isCount(first.size) || !isCount(second.size) || first.size > second.size) return false
  if (first.size === 0) return proof.length === 0 && equal(first.root, await rootOf([]))
  if (first.size === second.size) return proof.length === 0 && equal(first.root, second.root)
  // A first tree that is whole in the second is its own first node.
  const [start, ...rest] = isPowerOfTwo(first.size) ? [first.root, ...proof] : proof
  if (start === undefined) return false
  let [at, last] = [first.size - 1, second.size - 1]
  while (at % 2 === 1) [at, last] = [half(at), half(last)]
  let [old, next] = [start, start]
  for (const hash of rest) {
    if (last === 0) return false
    if (at % 2 === 1 || at === last) {
      ;[old, next] = [await nodeHash(hash, old), await nodeHash(hash, next)]
      while (at % 2 === 0 && at !== 0) [at, last] = [half(at), half(last)]
    } else {
      next = await nodeHash(next, hash)
    }
    ;[at, last] = [half(at), half(last)]
  }
  return last === 0 && equal(old, first.root) && equal(next, second.root)
}

async function nodeHash(left: Hash, right: Hash): Promise<Hash> {
  return await sha256(joined([1], left, right))
}

function joined(...parts: readonly ArrayLike<number>[]): Uint8Array {
  const bytes = new Uint8Array(parts.reduce((sum, { length }) => sum + length, 0))
  let at = 0
  for (const part of parts) {
    bytes.set(part, at)
    at += part.length
  }
  return bytes
}

/** Of two or more. */
function largestPowerBelow(count: number): number {
  let power = 1
  while (power * 2 < count) power *= 2
  return power
}

const half = (value: number): number => Math.floor(value / 2)
const isCount = (value: number): boolean => Number.isSafeInteger(value) && value >= 0
const isPowerOfTwo = (value: number): boolean => Number.isInteger(Math.log2(value))

function equal(one: Uint8Array, other: Uint8Array): boolean {
  return one.length === other.length && one.every((byte, at) => byte === other[at])
}
