// SPDX-License-Identifier: Apache-2.0
import { expect, it } from 'vitest'
import { bootNotes } from './boot-hints.ts'

const efiSystem = '28732ac11ff8d211ba4b00a0c93ec93b'
const biosBoot = '4861682149646f6e744e656564454649'
const linux = 'af3dc60f838472478e793d69d8477de4'

interface Partition {
  /** As it lies on the disk, in hex. */
  readonly type: string
  readonly attributes?: number
}

function mbr({ code = true, signature = true }: { readonly code?: boolean; readonly signature?: boolean } = {}): Buffer {
  const head = Buffer.alloc(65_536)
  if (code) head.set([0xfa, 0x31, 0xc0], 0)
  if (signature) head.set([0x55, 0xaa], 510)
  return head
}

/** @param at sector of the table. */
function gpt(partitions: readonly Partition[], { code = false, at = 2 } = {}): Buffer {
  const head = mbr({ code })
  head.writeUInt8(0xee, 450)
  head.write('EFI PART', 512, 'latin1')
  head.writeBigUInt64LE(BigInt(at), 512 + 72)
  head.writeUInt32LE(128, 512 + 80)
  head.writeUInt32LE(128, 512 + 84)
  for (const [index, { type, attributes = 0 }] of partitions.entries()) {
    Buffer.from(type, 'hex').copy(head, at * 512 + index * 128)
    head.writeUInt8(attributes, at * 512 + index * 128 + 48)
  }
  return head
}

const codes = (head: Buffer) => bootNotes('system', head).map(({ code }) => code)

it.each<[string, Buffer, readonly string[]]>([
  ['nothing of a disk with boot code and signature', mbr(), []],
  ['a missing signature', mbr({ signature: false }), ['boot-signature-missing']],
  ['a disk shorter than a sector', Buffer.alloc(511, 1), ['boot-signature-missing']],
  ['missing boot code', mbr({ code: false }), ['boot-code-missing']],
  ['a GPT for EFI alone', gpt([{ type: linux }, { type: efiSystem }], { code: true }), ['boots-by-efi-only']],
  ['nothing where a partition for BIOS is beside it', gpt([{ type: efiSystem }, { type: biosBoot }], { code: true }), []],
  ['nothing where another is marked for BIOS', gpt([{ type: efiSystem }, { type: linux, attributes: 4 }], { code: true }), []],
  ['another attribute as no such mark', gpt([{ type: efiSystem }, { type: linux, attributes: 1 }], { code: true }), ['boots-by-efi-only']],
  ['a GPT elsewhere on the disk', gpt([{ type: efiSystem }], { code: true, at: 34 }), ['boots-by-efi-only']],
  ['a GPT for BIOS without boot code', gpt([{ type: biosBoot }]), ['boot-code-missing']],
  ['nothing of a GPT without either', gpt([{ type: linux }], { code: true }), []],
])('tells %s', (_, head, expected) => {
  expect(codes(head)).toEqual(expected)
})

it('takes a table that lies beyond what it is given, or that is nonsense, for none', () => {
  const far = gpt([{ type: efiSystem }], { code: true })
  far.writeBigUInt64LE(2n ** 63n, 512 + 72)
  const short = gpt([{ type: efiSystem }], { code: true })
  short.writeUInt32LE(0, 512 + 84)
  for (const head of [far, short, far.subarray(0, 600)]) expect(codes(head)).toEqual([])
})
