// SPDX-License-Identifier: Apache-2.0
import { readFile } from 'node:fs/promises'
import { type NetworkInterfaceInfo, networkInterfaces } from 'node:os'
import type { HostNetwork } from '@casemate/policy/host-zone'

const MOST_ADDRESSES = 256
const MOST_SUFFIXES = 64

/** Addresses of the host as blocks of one, without loopback and link-local ones, and the domains in which it looks names up. */
export async function networkOf(
  interfaces: NodeJS.Dict<readonly Pick<NetworkInterfaceInfo, 'address' | 'family' | 'internal'>[]> = networkInterfaces(),
  resolver = '/etc/resolv.conf',
): Promise<HostNetwork> {
  const addresses = Object.values(interfaces)
    .flatMap((found) => found ?? [])
    .filter(({ address, internal }) => !internal && !/^(169\.254\.|fe[89ab][0-9a-f]:)/i.test(address))
    .map(({ address, family }) => `${address.split('%')[0] ?? ''}/${family === 'IPv4' ? 32 : 128}`)
  const text = await readFile(resolver, 'utf8').catch(() => '')
  return { addresses: [...new Set(addresses)].sort().slice(0, MOST_ADDRESSES), suffixes: suffixesOf(text) }
}

/** resolv.conf(5): the last `search` or `domain` counts. */
function suffixesOf(text: string): string[] {
  const lines = text.split('\n').flatMap((line) => /^\s*(?:search|domain)\s+(\S.*)$/.exec(line)?.[1] ?? [])
  const names = (lines.at(-1) ?? '').trim().split(/\s+/)
  return names
    .map((name) => name.toLowerCase().replace(/\.$/, ''))
    .filter((name) => /^[a-z0-9.-]{1,253}$/.test(name))
    .slice(0, MOST_SUFFIXES)
}
