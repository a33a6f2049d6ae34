// SPDX-License-Identifier: Apache-2.0
//
// TCP of a real guest to a server: through the switch with 100 rules, through QEMU's own user network, and through passt alone. Three
// guests that wait, and one at a time is asked; the time is taken by the server.

import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { probeQemu } from '../packages/engine/src/qemu/boot-probe.ts'
import { findInstallation, programFolders } from '../packages/engine/src/qemu/installation.ts'
import { GuestNetworks, server, type Way } from './guest-network.ts'
import { inTurn } from './median.ts'

const rounds = 5
const bytes = 16 << 20
const turns = 1000
const ways: readonly Way[] = ['switch', 'user', 'passt']

/** The last one is the server's. */
const rules = {
  allow: [
    ...Array.from({ length: 99 }, (_, at) => ({ protocol: 'tcp' as const, cidr: `10.${100 + at}.0.0/16`, ports: [443, 443] as const })),
    { protocol: 'tcp' as const, cidr: `${server}/32`, ports: [8081, 8082] as const },
  ],
}

export interface GuestFigures {
  readonly mbPerSecond: Readonly<Record<Way, number>>
  readonly roundtripsPerSecond: Readonly<Record<Way, number>>
}

export async function measureGuests(): Promise<GuestFigures> {
  const { accelerator } = await probeQemu(await findInstallation(programFolders))
  const networks = await GuestNetworks.make()
  try {
    const entry = join(import.meta.dirname, 'network-server.ts')
    const { stdout } = networks.inServers(process.execPath, entry, server, String(bytes), String(turns))
    if (stdout === null) throw new Error('the server has no standard output')
    const lines = createInterface(stdout)[Symbol.asyncIterator]()
    const next = async () => JSON.parse((await lines.next()).value ?? '{}')
    await next()
    const acts: Record<string, () => Promise<number>> = {}
    const guests = await Promise.all(ways.map(async (way) => [way, await networks.boot(way, accelerator, rules)] as const))
    for (const [way, guest] of guests) {
      acts[`${way}_mb`] = async () => {
        await guest.sh(`dd if=/dev/zero bs=65536 count=${bytes >> 16} 2>/dev/null | nc ${server} 8081`)
        const { taken, seconds } = await next()
        return taken / 1e6 / seconds
      }
      acts[`${way}_roundtrips`] = async () => {
        await guest.sh(`rm -f /run/pong; mkfifo /run/pong; nc ${server} 8082 </run/pong | cat >/run/pong`)
        const { turns: done, seconds } = await next()
        return done / seconds
      }
    }
    const figures = await inTurn(rounds, acts)
    const of = (what: string) => Object.fromEntries(ways.map((way) => [way, figures[`${way}_${what}`]])) as Record<Way, number>
    return { mbPerSecond: of('mb'), roundtripsPerSecond: of('roundtrips') }
  } finally {
    await networks.end()
  }
}
