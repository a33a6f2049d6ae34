// SPDX-License-Identifier: Apache-2.0
import { askGuest } from '../desktop.ts'
import { rules } from '../rules.ts'
import { HOST, PORT, SERVERS, serve } from '../story-network.ts'
import { expectEqual, need, type World, waitUntil } from '../world.ts'
import { reportOf } from './reported.ts'

/** What the guest's web client gets from an address: the server's answer, or `nothing`. */
export function fetchInGuest(world: World, address: string): Promise<string> {
  return askGuest(world, `echo "got: $(fetch ${address} ${PORT})" end`, /^got: (.*) end/m)
}

/** A policy without a network: the guest has no network card, and gets nothing from a server that answers everybody on the cable. */
export async function networkNone(world: World): Promise<void> {
  const answer = await fetch(`http://${SERVERS.first}:${PORT}/`).then((response) => response.text())
  expectEqual(answer.trim(), `reached ${SERVERS.first}`, 'answer to the host itself')
  expectEqual(await askGuest(world, 'echo "cards: $(ls /sys/class/net | grep -vc lo) end"', /^cards: (\d+) end/m), '0', 'network cards')
  expectEqual(await fetchInGuest(world, SERVERS.first), 'nothing', 'answer to the guest')
}

/** Exactly the listed server answers; neither its neighbour nor anything of the host does, though servers listen there. */
export async function networkListed(world: World): Promise<void> {
  const onHost = await serve(['127.0.0.1', HOST])
  try {
    await askGuest(world, 'until address | grep -q "address [0-9]"; do sleep 1; done; echo network-$?', /^network-0/m)
    expectEqual(await fetchInGuest(world, SERVERS.first), `reached ${SERVERS.first}`, 'the listed server')
    expectEqual(await fetchInGuest(world, SERVERS.second), 'nothing', 'the server that is not listed')
    // The guest's gateway is the address behind which user-mode networks show the host's loopback.
    for (const address of [HOST, '10.0.2.2', '127.0.0.1']) expectEqual(await fetchInGuest(world, address), 'nothing', `the host at ${address}`)
    await waitUntil('the journal tells of the refused server', async () => {
      const { entries } = await reportOf(world)
      return entries.some(({ type, data }) => type === 'network-refused' && String(data.to).startsWith(SERVERS.second))
    })
  } finally {
    onHost.kill()
  }
}

/** A new policy is in force in the running VM within 5 s: the server that answered no longer does, its neighbour now does. */
export async function livePolicy(world: World): Promise<void> {
  const { organisation } = world
  const viewer = need(world.viewer, 'viewer')
  expectEqual(await fetchInGuest(world, SERVERS.first), `reached ${SERVERS.first}`, 'the listed server before')
  expectEqual((await viewer.view()).clipboard.toGuest, false, 'pasting before')
  await organisation.publishRelease('2', await organisation.publishPolicy(rules({ server: SERVERS.second, pasteBytes: 64 })))
  await viewer.until((view) => view.clipboard.toGuest, 5000)
  expectEqual(await fetchInGuest(world, SERVERS.first), 'nothing', 'the server that is no longer listed')
  expectEqual(await fetchInGuest(world, SERVERS.second), `reached ${SERVERS.second}`, 'the server that is listed now')
}
