// SPDX-License-Identifier: Apache-2.0
import { readFile } from 'node:fs/promises'
import { endianness, type NetworkInterfaceInfo, networkInterfaces } from 'node:os'
import { join } from 'node:path'
import type { HostNetwork } from '@casemate/policy/host-zone'

const MOST_ADDRESSES = 256
const MOST_SUFFIXES = 64
/** RTF_GATEWAY of linux/route.h. */
const LEADS_ON = 2

/** Where Linux says it. */
export interface NetworkSource {
  readonly interfaces: NodeJS.Dict<readonly Pick<NetworkInterfaceInfo, 'address' | 'family' | 'internal'>[]>
  readonly resolver: string
  /** `/proc/net` */
  readonly routes: string
}

const thisHost = (): NetworkSource => ({ interfaces: networkInterfaces(), resolver: '/etc/resolv.conf', routes: '/proc/net' })

/** Addresses and default gateways as blocks of one, without loopback and link-local ones, and the domains in which names are looked up. */
export async function networkOf({ interfaces, resolver, routes }: NetworkSource = thisHost()): Promise<HostNetwork> {
  const addresses = Object.values(interfaces)
    .flatMap((found) => found ?? [])
    .filter(({ internal }) => !internal)
    .map(({ address }) => address.split('%')[0] ?? '')
  const [ipv4, ipv6] = await Promise.all([linesOf(join(routes, 'route')), linesOf(join(routes, 'ipv6_route'))])
  const lines = await linesOf(resolver)
  return {
    addresses: blocksOf(addresses),
    gateways: blocksOf([...ipv4.flatMap(ipv4Gateway), ...ipv6.flatMap(ipv6Gateway)]),
    suffixes: suffixesOf(lines),
  }
}

function blocksOf(addresses: readonly string[]): string[] {
  const blocks = addresses
    .filter((address) => !/^(169\.254\.|fe[89ab][0-9a-f]:)/i.test(address))
    .map((address) => `${address}/${address.includes(':') ? 128 : 32}`)
  return [...new Set(blocks)].sort().slice(0, MOST_ADDRESSES)
}

/** `Iface Destination Gateway Flags RefCnt Use Metric Mask`: addresses as hexadecimal numbers in the host's order of bytes. */
function ipv4Gateway(line: string): string[] {
  const [, destination, gateway = '', flags = '', , , , mask] = line.split('\t').map((field) => field.trim())
  if (destination !== '00000000' || mask !== '00000000' || !/^[0-9A-F]{8}$/.test(gateway) || !leadsOn(flags)) return []
  const bytes = [...Buffer.from(gateway, 'hex')]
  return [(endianness() === 'LE' ? bytes.reverse() : bytes).join('.')]
}

/** `destination bits source bits gateway metric refcnt use flags iface`: addresses as 32 hexadecimal digits. */
function ipv6Gateway(line: string): string[] {
  const [destination = '', bits, , , gateway = '', , , , flags = ''] = line.split(/\s+/)
  if (!/^0{32}$/.test(destination) || bits !== '00' || !/^[0-9a-f]{32}$/.test(gateway) || !leadsOn(flags)) return []
  return [(gateway.match(/.{4}/g) ?? []).join(':')]
}

const leadsOn = (flags: string): boolean => (Number.parseInt(flags, 16) & LEADS_ON) !== 0

/** resolv.conf(5): the last `search` or `domain` counts. */
function suffixesOf(lines: readonly string[]): string[] {
  const lists = lines.flatMap((line) => /^\s*(?:search|domain)\s+(\S.*)$/.exec(line)?.[1] ?? [])
  const names = (lists.at(-1) ?? '').trim().split(/\s+/)
  return names
    .map((name) => name.toLowerCase().replace(/\.$/, ''))
    .filter((name) => /^[a-z0-9.-]{1,253}$/.test(name))
    .slice(0, MOST_SUFFIXES)
}

/** None where there is no such file. */
async function linesOf(file: string): Promise<string[]> {
  const text = await readFile(file, 'utf8').catch(() => '')
  return text.split('\n')
}
