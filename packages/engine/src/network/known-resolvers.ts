// SPDX-License-Identifier: Apache-2.0
//
// Public resolvers that answer over HTTPS on port 443, where nothing tells a question for a name from a web page. Not complete, and it
// cannot be: anybody may run one. A rule by name opens none of their addresses; a rule by address does.

import { type Cidr, contains, knownCidr } from './address.ts'
import type { Destination } from './destination.ts'

const names: ReadonlySet<string> = new Set([
  ...['dns.google', 'dns.google.com', '8888.google', 'one.one.one.one', 'cloudflare-dns.com', 'chrome.cloudflare-dns.com'],
  ...['mozilla.cloudflare-dns.com', 'security.cloudflare-dns.com', 'family.cloudflare-dns.com', '1dot1dot1dot1.cloudflare-dns.com'],
  ...['dns.quad9.net', 'dns9.quad9.net', 'dns10.quad9.net', 'dns11.quad9.net', 'doh.opendns.com', 'doh.familyshield.opendns.com'],
  ...['dns.adguard.com', 'dns.adguard-dns.com', 'unfiltered.adguard-dns.com', 'family.adguard-dns.com', 'dns.nextdns.io', 'doh.cleanbrowsing.org'],
  ...['dns.controld.com', 'freedns.controld.com', 'doh.dns.sb', 'dns.mullvad.net', 'doh.mullvad.net', 'doh.applied-privacy.net', 'dns.alidns.com'],
])

const networks: readonly Cidr[] = [
  ...['8.8.8.8/32', '8.8.4.4/32', '2001:4860:4860::8888/128', '2001:4860:4860::8844/128', '2001:4860:4860::64/128'],
  ...['1.1.1.0/30', '1.0.0.0/30', '2606:4700:4700::/48', '104.16.248.249/32', '104.16.249.249/32', '9.9.9.8/29', '149.112.112.0/24'],
  ...['2620:fe::/48', '208.67.222.0/24', '208.67.220.0/24', '2620:119:35::/48', '2620:119:53::/48', '94.140.14.0/23', '2a10:50c0::/32'],
  ...['45.90.28.0/22', '2a07:a8c0::/31', '185.228.168.0/23', '76.76.2.0/24', '76.76.10.0/24', '185.222.222.222/32', '45.11.45.11/32'],
  ...['194.242.2.0/24', '223.5.5.5/32', '223.6.6.6/32'],
].map(knownCidr)

const DNS_PORT = 53
const DNS_OVER_TLS_PORT = 853
const HTTPS_PORT = 443

export function isResolverName(name: string): boolean {
  return names.has(name)
}

/** A question for a name past the switch: plain, over TLS or QUIC, or over HTTPS to a resolver that is known. */
export function asksElsewhere({ protocol, address, port }: Destination): boolean {
  if (protocol === 'icmp') return false
  if (port === DNS_PORT || port === DNS_OVER_TLS_PORT) return true
  return port === HTTPS_PORT && networks.some((network) => contains(network, address))
}
