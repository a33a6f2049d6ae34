// SPDX-License-Identifier: Apache-2.0
//
// Two network namespaces joined by a cable: one stands for a host, one for the servers that it can reach. Needs root and iproute2.
import { execFileSync } from 'node:child_process'
import { randomBytes } from 'node:crypto'

export interface Namespaces {
  readonly host: string
  readonly servers: string
  /** `ip ...` in the host's namespace. */
  inHost(...args: string[]): void
  remove(): void
}

export const hostAddresses = ['10.77.0.1', 'fd77::1']
export const serverAddresses = ['10.77.0.3', '10.77.0.4', 'fd77::3', 'fd77::4']

export function makeNamespaces(): Namespaces {
  const id = randomBytes(3).toString('hex')
  const [host, servers, near, far] = [`cm-h-${id}`, `cm-s-${id}`, `cmh${id}`, `cms${id}`]
  const ip = (...args: string[]) => execFileSync('ip', args, { stdio: ['ignore', 'ignore', 'inherit'] })
  const inHost = (...args: string[]) => ip('-n', host, ...args)
  const inServers = (...args: string[]) => ip('-n', servers, ...args)
  ip('netns', 'add', host)
  ip('netns', 'add', servers)
  inHost('link', 'add', near, 'type', 'veth', 'peer', 'name', far, 'netns', servers)
  // The kernel makes link-local addresses when it comes to it; a host whose addresses change while a test runs is another test.
  inHost('link', 'set', near, 'addrgenmode', 'none')
  inServers('link', 'set', far, 'addrgenmode', 'none')
  // passt goes without IPv6 where it finds no link-local address.
  for (const address of ['10.77.0.1/24', 'fd77::1/64', 'fe80::77/64']) inHost('addr', 'add', address, 'dev', near, ...nodad(address))
  for (const address of ['10.77.0.2/24', 'fd77::2/64', '10.77.0.3/24', '10.77.0.4/24', 'fd77::3/64', 'fd77::4/64']) {
    inServers('addr', 'add', address, 'dev', far, ...nodad(address))
  }
  inHost('link', 'set', 'lo', 'up')
  inServers('link', 'set', 'lo', 'up')
  inServers('link', 'set', far, 'up')
  inHost('link', 'set', near, 'up')
  inHost('route', 'add', 'default', 'via', '10.77.0.2')
  inHost('-6', 'route', 'add', 'default', 'via', 'fd77::2')
  const remove = () => {
    ip('netns', 'del', host)
    ip('netns', 'del', servers)
  }
  return { host, servers, inHost, remove }
}

/** Duplicate address detection would keep an address from answering for a second. */
function nodad(address: string): string[] {
  return address.includes(':') ? ['nodad'] : []
}
