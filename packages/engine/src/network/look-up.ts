// SPDX-License-Identifier: Apache-2.0
import { Resolver } from 'node:dns/promises'
import type { Lookup, Question } from './name-server.ts'

const TIMEOUT_MS = 2000
const TRIES = 2

/** Asks the servers that the host itself asks, read anew each time: a host moves between networks. `servers` instead of those. */
export async function lookUp({ name, family }: Pick<Question, 'name' | 'family'>, servers?: readonly string[]): Promise<Lookup> {
  try {
    const resolver = new Resolver({ timeout: TIMEOUT_MS, tries: TRIES })
    if (servers !== undefined) resolver.setServers(servers)
    // A name of the host's own list of hosts is never looked at, and a chain of aliases ends in addresses.
    const addresses = family === 4 ? await resolver.resolve4(name, { ttl: true }) : await resolver.resolve6(name, { ttl: true })
    return { status: 'found', addresses }
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? error.code : null
    if (code === 'ENODATA') return { status: 'found', addresses: [] }
    return { status: code === 'ENOTFOUND' ? 'missing' : 'failed' }
  }
}
