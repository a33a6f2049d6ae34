// SPDX-License-Identifier: Apache-2.0
import { describe, expect, it } from 'vitest'
import { formatAddress, knownAddress } from './address.ts'
import { HostAddresses, parseFibTrie, parseIpv6Routes } from './host-addresses.ts'

const trie = `Main:
  +-- 0.0.0.0/0 3 0 5
     |-- 0.0.0.0
        /0 universe UNICAST
     +-- 127.0.0.0/8 2 0 2
        +-- 127.0.0.0/31 1 0 0
           |-- 127.0.0.0
              /8 host LOCAL
           |-- 127.0.0.1
              /32 host LOCAL
        |-- 127.255.255.255
           /32 link BROADCAST
     +-- 172.17.0.0/16 2 0 2
           |-- 172.17.0.0
              /16 link UNICAST
           |-- 172.17.0.1
              /32 host LOCAL
        |-- 172.17.255.255
           /32 link BROADCAST
`
const routes = `fd000000000000000000000000000000 40 00000000000000000000000000000000 00 00000000000000000000000000000000 00000100 00000001 00000000 00000001     eth0
00000000000000000000000000000001 80 00000000000000000000000000000000 00 00000000000000000000000000000000 00000000 00000002 00000000 80200001       lo
fd000000000000000000000000000000 80 00000000000000000000000000000000 00 00000000000000000000000000000000 00000000 00000003 00000000 00300001     eth0
fd000000000000000000000000000002 80 00000000000000000000000000000000 00 00000000000000000000000000000000 00000000 00000003 00000000 80200001     eth0
`
const names = (networks: ReturnType<typeof parseFibTrie>) => networks.map(({ base, prefix }) => `${formatAddress(base)}/${prefix}`)

describe('addresses of the host', () => {
  it('are the local and broadcast networks of the IPv4 routing table, and no others', () => {
    expect(names(parseFibTrie(trie))).toEqual(['127.0.0.0/8', '127.0.0.1/32', '127.255.255.255/32', '172.17.0.1/32', '172.17.255.255/32'])
  })

  it('are the local and anycast networks of the IPv6 routing table, and no others', () => {
    expect(names(parseIpv6Routes(routes))).toEqual(['::1/128', 'fd00::/128', 'fd00::2/128'])
  })

  it('are told apart by kind', () => {
    const local = (networks: ReturnType<typeof parseFibTrie>) => names(networks.filter(({ kind }) => kind === 'local'))
    expect(local(parseFibTrie(trie))).toEqual(['127.0.0.0/8', '127.0.0.1/32', '172.17.0.1/32'])
    expect(local(parseIpv6Routes(routes))).toEqual(['::1/128', 'fd00::2/128'])
  })

  it('tell by their fingerprint whether they changed, not in which order or how often they came', () => {
    const [all, reversed] = [parseFibTrie(trie), parseFibTrie(trie).toReversed()]
    expect(new HostAddresses(all).fingerprint).toBe(new HostAddresses(reversed).fingerprint)
    expect(new HostAddresses([...all, ...all]).fingerprint).toBe(new HostAddresses(all).fingerprint)
    expect(new HostAddresses(all.slice(1)).fingerprint).not.toBe(new HostAddresses(all).fingerprint)
    expect(new HostAddresses(all, [knownAddress('192.0.2.1')]).fingerprint).not.toBe(new HostAddresses(all).fingerprint)
  })

  it('own what lies in one of them', () => {
    const host = new HostAddresses(parseFibTrie(trie))
    expect(host.owns(knownAddress('172.17.0.1'))).toBe(true)
    expect(host.owns(knownAddress('172.17.0.2'))).toBe(false)
  })
})
