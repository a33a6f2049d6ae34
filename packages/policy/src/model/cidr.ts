// SPDX-License-Identifier: Apache-2.0
//
// Address blocks of both families. One block has one text: no bits beyond the prefix, IPv6 as RFC 5952 writes it. IPv4 inside IPv6
// (::ffff:0:0/96) is refused: whoever enforces a rule looks at the family of the packet, not at what its address stands for.
import { PolicyError } from '../error.ts'

export interface Cidr {
  readonly family: 4 | 6
  readonly base: bigint
  readonly prefix: number
}

const bitsOf = { 4: 32, 6: 128 } as const
const mappedPrefix = 0xffffn

/** @throws PolicyError `network-rule-invalid` */
export function parseCidr(text: string): Cidr {
  const [address = '', length = '', ...rest] = text.split('/')
  const family = address.includes(':') ? 6 : 4
  const base = family === 6 ? parseIpv6(address) : parseIpv4(address)
  if (base === undefined || rest.length > 0 || !/^(0|[1-9][0-9]{0,2})$/.test(length) || Number(length) > bitsOf[family]) {
    throw new PolicyError('network-rule-invalid', `expected an address block such as \`192.0.2.0/24\`, found \`${text}\``)
  }
  const block: Cidr = { family, base, prefix: Number(length) }
  if (maskTo(block, block.prefix) !== base) {
    throw new PolicyError(
      'network-rule-invalid',
      `\`${text}\` has bits beyond its prefix; expected \`${formatCidr({ ...block, base: maskTo(block, block.prefix) })}\``,
    )
  }
  if (family === 6 && block.prefix >= 96 && base >> 32n === mappedPrefix) {
    throw new PolicyError('network-rule-invalid', `\`${text}\` is IPv4 inside IPv6; expected it as an IPv4 block`)
  }
  return block
}

export function formatCidr({ family, base, prefix }: Cidr): string {
  return `${family === 4 ? formatIpv4(base) : formatIpv6(base)}/${prefix}`
}

/** True when every address of `inner` lies in `outer`. */
export function containsCidr(outer: Cidr, inner: Cidr): boolean {
  return outer.family === inner.family && outer.prefix <= inner.prefix && maskTo(inner, outer.prefix) === outer.base
}

function maskTo({ family, base }: Cidr, prefix: number): bigint {
  const drop = BigInt(bitsOf[family] - prefix)
  return (base >> drop) << drop
}

function parseIpv4(text: string): bigint | undefined {
  const parts = text.split('.')
  if (parts.length !== 4 || !parts.every((part) => /^(0|[1-9][0-9]{0,2})$/.test(part) && Number(part) <= 255)) return undefined
  return parts.reduce((value, part) => (value << 8n) | BigInt(part), 0n)
}

function parseIpv6(text: string): bigint | undefined {
  const halves = text.split('::')
  if (halves.length > 2) return undefined
  const [head = [], tail = []] = halves.map((half) => (half === '' ? [] : half.split(':')))
  const missing = 8 - head.length - tail.length
  if (halves.length === 2 ? missing < 1 : missing !== 0) return undefined
  const groups = [...head, ...Array.from({ length: missing }, () => '0'), ...tail]
  if (!groups.every((group) => /^[0-9a-fA-F]{1,4}$/.test(group))) return undefined
  return groups.reduce((value, group) => (value << 16n) | BigInt(`0x${group}`), 0n)
}

function formatIpv4(base: bigint): string {
  return [24n, 16n, 8n, 0n].map((shift) => ((base >> shift) & 0xffn).toString()).join('.')
}

/** RFC 5952: lower case, no leading zeros, the longest run of two or more zero groups (the first of equals) as `::`. */
function formatIpv6(base: bigint): string {
  const groups = Array.from({ length: 8 }, (_, index) => ((base >> BigInt(112 - 16 * index)) & 0xffffn).toString(16))
  let best = { at: -1, length: 1 }
  for (let at = 0; at < 8; at += 1) {
    let length = 0
    while (groups[at + length] === '0') length += 1
    if (length > best.length) best = { at, length }
  }
  if (best.at < 0) return groups.join(':')
  return `${groups.slice(0, best.at).join(':')}::${groups.slice(best.at + best.length).join(':')}`
}
