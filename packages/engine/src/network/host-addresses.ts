// SPDX-License-Identifier: Apache-2.0
//
// Every address that the host answers to. The kernel's routing tables are read, not only the interfaces: Node leaves out interfaces
// without a carrier (an idle bridge), whose addresses answer all the same, and `ip route add local` makes whole networks local.
import { readFileSync } from 'node:fs'
import { networkInterfaces } from 'node:os'
import { type Address, type Cidr, contains, parseAddress, parseCidr } from './address.ts'

export class HostAddresses {
  readonly #networks: readonly Cidr[]
  /** Each by itself, not the networks that are local: of interfaces, with a carrier or without. */
  readonly own: readonly Address[]
  /** Equal for equal sets. */
  readonly fingerprint: string

  constructor(networks: readonly Cidr[], own: readonly Address[] = []) {
    this.#networks = networks
    this.own = own
    const hex = (address: Address) => Buffer.from(address).toString('hex')
    const texts = [...networks.map(({ base, prefix }) => `${hex(base)}/${prefix}`), ...own.map((address) => `own ${hex(address)}`)]
    this.fingerprint = [...new Set(texts)].toSorted().join(' ')
  }

  owns(address: Address): boolean {
    return this.#networks.some((network) => contains(network, address))
  }
}

/** Of the network namespace of this process, as of now. @throws Error when the kernel's tables cannot be read. */
export function readHostAddresses(): HostAddresses {
  const found = Object.values(networkInterfaces()).flatMap((addresses) => addresses ?? [])
  const networks = found.flatMap(({ address }) => hostCidr(address))
  if (process.platform !== 'linux') {
    const own = found.filter(({ internal }) => !internal).flatMap(({ address }) => hostCidr(address).map(({ base }) => base))
    return new HostAddresses(networks, own)
  }
  const [trie, routes] = [readFileSync('/proc/net/fib_trie', 'latin1'), readIpv6Routes()]
  const routed = [...parseFibTrie(trie), ...parseIpv6Routes(routes)]
  networks.push(...routed)
  const local = routed.filter(({ kind }) => kind === 'local').flatMap(alone)
  // A table that two names share is printed twice.
  return new HostAddresses(networks, [...new Map(local.map((address) => [Buffer.from(address).toString('hex'), address])).values()])
}

function hostCidr(text: string): Cidr[] {
  const base = parseAddress(text.replace(/%.*$/, ''))
  return base === null ? [] : [{ base, prefix: base.length * 8 }]
}

/** The address of a network that is one address. */
function alone({ base, prefix }: Cidr): readonly Address[] {
  return prefix === base.length * 8 ? [base] : []
}

/** A kernel without IPv6 has no such table. */
function readIpv6Routes(): string {
  try {
    return readFileSync('/proc/net/ipv6_route', 'latin1')
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return ''
    throw error
  }
}

/** `local`: the host answers to it by itself; the others are whoever listens there. */
interface Routed extends Cidr {
  readonly kind: 'local' | 'broadcast' | 'anycast'
}

/** Local and broadcast networks of `/proc/net/fib_trie`: a line with an address, then lines with what it is. */
export function parseFibTrie(text: string): readonly Routed[] {
  const found: Routed[] = []
  let address = ''
  for (const line of text.split('\n')) {
    const leaf = /^\s*\|-- (\S+)$/.exec(line)
    if (leaf !== null) address = leaf[1] ?? ''
    const kind = /^\s*\/(\d+) \w+ (LOCAL|BROADCAST)\b/.exec(line)
    const cidr = kind === null ? null : parseCidr(`${address}/${kind[1]}`)
    if (cidr !== null) found.push({ ...cidr, kind: kind?.[2] === 'LOCAL' ? 'local' : 'broadcast' })
  }
  return found
}

const RTF_LOCAL = 0x8000_0000
const RTF_ANYCAST = 0x0010_0000

/** Local and anycast networks of `/proc/net/ipv6_route`: destination and prefix in hex first, flags in the ninth column. */
export function parseIpv6Routes(text: string): readonly Routed[] {
  const found: Routed[] = []
  for (const line of text.split('\n')) {
    const columns = line.trim().split(/\s+/)
    const [destination = '', prefix = ''] = columns
    const flags = Number.parseInt(columns[8] ?? '', 16)
    if (!/^[0-9a-f]{32}$/.test(destination) || Number.isNaN(flags)) continue
    if ((flags & (RTF_LOCAL | RTF_ANYCAST)) === 0) continue
    const kind = (flags & RTF_LOCAL) === 0 ? 'anycast' : 'local'
    found.push({ base: Uint8Array.from(Buffer.from(destination, 'hex')), prefix: Number.parseInt(prefix, 16), kind })
  }
  return found
}
