// SPDX-License-Identifier: Apache-2.0

import type { LaunchPlan, NetworkRule } from '../../../packages/policy/src/decision/launch-plan.ts'
import type { RfbClient } from '../../screen/rfb-client.ts'
import { BOOT_LIMIT_MS, PROMPT, startSession, strictPlan, watchScreen } from '../start-session.ts'
import { HOST, PORT, SERVERS, serve } from '../story-network.ts'
import { expectEqual, need, type World } from '../world.ts'

/** What the guest's web client gets from an address: the server's answer, or `nothing`. */
async function fetchInGuest(screen: RfbClient, address: string): Promise<string> {
  await screen.typeText(`clear; echo "got: $(fetch ${address} ${PORT})" end\n`)
  const text = await screen.waitForText(/^got: .* end/m, 60_000)
  return /^got: (.*) end/m.exec(text)?.[1] ?? ''
}

/** A plan without a network: the guest has no network card, and gets nothing from a server that answers everybody on the cable. */
export async function networkNone(world: World): Promise<void> {
  const answer = await fetch(`http://${SERVERS.first}:${PORT}/`).then((response) => response.text())
  expectEqual(answer.trim(), `reached ${SERVERS.first}`, 'answer to the host itself')
  const screen = need(world.screen, 'screen')
  await screen.typeText('clear; echo "cards: $(ls /sys/class/net | grep -vc lo) end"\n')
  await screen.waitForText('cards: 0 end', 60_000)
  expectEqual(await fetchInGuest(screen, SERVERS.first), 'nothing', 'answer to the guest')
}

const to = (address: string): NetworkRule => ({ protocol: 'tcp', cidr: `${address}/32`, ports: [PORT, PORT] })

export function listedPlan(world: World, address: string): LaunchPlan {
  return { ...strictPlan(world, need(world.release2, 'second release')), network: { mode: 'listed', allow: [to(address)] } }
}

/** Exactly the listed server answers; neither its neighbour nor anything of the host does, though servers listen there. */
export async function networkListed(world: World): Promise<void> {
  const onHost = await serve(['127.0.0.1', HOST])
  try {
    const plan = listedPlan(world, SERVERS.first)
    world.session = await startSession(world, 'networked', need(world.release2, 'second release'), { plan })
    world.plan = plan
    await world.session.until((view) => view.state === 'running')
    const screen = await watchScreen(world.session)
    world.screen = screen
    await screen.waitForText(PROMPT, BOOT_LIMIT_MS)
    await screen.typeText('clear; until address | grep -q "address [0-9]"; do sleep 1; done; echo network-$?\n')
    await screen.waitForText(/^network-0/m, 60_000)
    expectEqual(await fetchInGuest(screen, SERVERS.first), `reached ${SERVERS.first}`, 'the listed server')
    expectEqual(await fetchInGuest(screen, SERVERS.second), 'nothing', 'the server that is not listed')
    // The guest's gateway is the address behind which user-mode networks show the host's loopback.
    for (const address of [HOST, '10.0.2.2']) expectEqual(await fetchInGuest(screen, address), 'nothing', `the host at ${address}`)
    const refused = (await world.session.events()).filter((event) => event.type === 'network-refused').map((event) => event.data.address)
    if (!refused.includes(SERVERS.second)) throw new Error(`no event tells of the refused server: ${refused.join(', ')}`)
  } finally {
    onHost.kill()
  }
}

/** A new plan is in force in the running VM: the server that answered no longer does, its neighbour now does. */
export async function livePolicy(world: World): Promise<void> {
  const screen = need(world.screen, 'screen')
  const session = need(world.session, 'session')
  expectEqual(await fetchInGuest(screen, SERVERS.first), `reached ${SERVERS.first}`, 'the listed server before')
  world.plan = { ...need(world.plan, 'plan'), network: { mode: 'listed', allow: [to(SERVERS.second)] } }
  const asked = performance.now()
  await session.replan(world.plan)
  const took = performance.now() - asked
  if (took > 5000) throw new Error(`the new plan was taken after ${Math.round(took)} ms`)
  expectEqual(await fetchInGuest(screen, SERVERS.first), 'nothing', 'the server that is no longer listed')
  expectEqual(await fetchInGuest(screen, SERVERS.second), `reached ${SERVERS.second}`, 'the server that is listed now')
}
