// SPDX-License-Identifier: Apache-2.0
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { consistencyProof, inclusionProof, isConsistent, isIncluded, leafHash, rootOf } from './merkle-tree.ts'

const bytes = (text: string) => Uint8Array.from(text.match(/../g) ?? [], (digits) => Number.parseInt(digits, 16))
const hex = (hash: Uint8Array) => [...hash].map((byte) => byte.toString(16).padStart(2, '0')).join('')

/** The entries and roots of the Certificate Transparency reference tests (certificate-transparency, merkletree/merkle_tree_test.cc). */
const entries = ['', '00', '10', '2021', '3031', '40414243', '5051525354555657', '606162636465666768696a6b6c6d6e6f'].map(bytes)
const roots = [
  'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855',
  '6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d',
  'fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125',
  'aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77',
  'd37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7',
  '4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4',
  '76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef',
  'ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c',
  '5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328',
]

const leavesOf = async (count: number) =>
  await Promise.all(Array.from({ length: count }, async (_, at) => await leafHash(Uint8Array.of(at, at >> 8))))

describe('the tree', () => {
  it.each(roots.map((root, size) => [size, root] as const))('of the first %i reference entries has the known root', async (size, root) => {
    expect(hex(await rootOf(await Promise.all(entries.slice(0, size).map(leafHash))))).toBe(root)
  })

  it('shows that each entry is in it, at its place and no other', async () => {
    for (let size = 1; size <= 17; size += 1) {
      const leaves = await leavesOf(size)
      const root = await rootOf(leaves)
      for (const [index, leaf] of leaves.entries()) {
        const proof = await inclusionProof(index, leaves)
        expect(await isIncluded(leaf, { index, size, proof, root })).toBe(true)
        expect(await isIncluded(leaf, { index: (index + 1) % (size + 1), size, proof, root })).toBe(false)
        expect(await isIncluded(leaf, { index, size, proof: [...proof, root], root })).toBe(false)
        if (proof.length > 0) expect(await isIncluded(leaf, { index, size, proof: proof.slice(1), root })).toBe(false)
        expect(await isIncluded(await leafHash(Uint8Array.of(9, 9)), { index, size, proof, root })).toBe(false)
      }
    }
  })

  it('shows that a later one begins with an earlier one, and not that it begins with another', async () => {
    for (let size = 0; size <= 17; size += 1) {
      const leaves = await leavesOf(size)
      const second = { size, root: await rootOf(leaves) }
      for (let first = 0; first <= size; first += 1) {
        const proof = await consistencyProof(first, leaves)
        const head = { size: first, root: await rootOf(leaves.slice(0, first)) }
        expect(await isConsistent(head, second, proof)).toBe(true)
        const other = { size: first, root: await leafHash(Uint8Array.of(7, 7, 7)) }
        expect(await isConsistent(other, second, proof)).toBe(false)
        expect(await isConsistent(head, second, [...proof, second.root])).toBe(false)
        expect(await isConsistent(head, { size, root: other.root }, proof)).toBe(first === 0)
      }
    }
  })

  it('takes no proof of random hashes, whatever sizes are claimed', async () => {
    const hash = fc.uint8Array({ minLength: 32, maxLength: 32 }).map((from) => Uint8Array.from(from))
    const size = fc.integer({ min: -1, max: 20 })
    const leaves = await leavesOf(6)
    const root = await rootOf(leaves)
    await fc.assert(
      fc.asyncProperty(hash, size, size, fc.array(hash, { maxLength: 5 }), async (one, first, second, proof) => {
        expect(await isIncluded(one, { index: first, size: second, proof, root })).toBe(false)
        expect(first > 0 && (await isConsistent({ size: first, root: one }, { size: second, root }, proof))).toBe(false)
      }),
    )
  })

  it('has no proof of what is not there', async () => {
    const leaves = await leavesOf(3)
    for (const index of [-1, 3, 0.5]) await expect(inclusionProof(index, leaves)).rejects.toThrow(RangeError)
    for (const first of [-1, 4, 0.5]) await expect(consistencyProof(first, leaves)).rejects.toThrow(RangeError)
  })
})
