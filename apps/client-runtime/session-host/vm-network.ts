// SPDX-License-Identifier: Apache-2.0
//
// The VM's network: nothing where plan or machine have none, otherwise what its card is plugged into, holding what the session has in
// force. A VM that was started without a network, or on another kind of one, gets it only by being started again.
import { createHash } from 'node:crypto'
import { join } from 'node:path'
import { EngineError } from '@casemate/engine/error'
import type { NetworkSwitch } from '@casemate/engine/network'
import type { VmSpec } from '@casemate/engine/virtual-machine'
import type { LaunchPlan } from '@casemate/policy/launch-plan'
import type { Hardware } from '@casemate/vm-package/hardware'
import type { Layout } from '../layout.ts'
import type { EventLog } from './event-log.ts'
import type { GuestNetwork, PlannedNetwork } from './network/guest-network.ts'
import { IsolatedNetwork } from './network/isolated-network.ts'
import { RecentRefusals } from './network/recent-refusals.ts'
import { rulesOf, SwitchedNetwork } from './network/switched-network.ts'

export interface VmNetwork {
  readonly spec: VmSpec['network']
  readonly guest: GuestNetwork | null
  /** That serves the guest itself; null where there is none. */
  readonly switch: NetworkSwitch | null
}

/** A locally administered address of its own for each instance (IEEE 802, second-least bit of the first octet), the same at every start. */
export function macOf(instance: string): string {
  const digest = createHash('sha256').update(`casemate-mac-v1|${instance}`).digest()
  const octets = [((digest[0] ?? 0) & 0xfc) | 0x02, ...digest.subarray(1, 6)]
  return octets.map((octet) => octet.toString(16).padStart(2, '0')).join(':')
}

/**
 * @param inForce what it holds at first, of the plan's kind
 * @throws EngineError `uplink-missing` where this host cannot give the network that the plan asks for
 */
export async function openVmNetwork(
  plan: LaunchPlan,
  hardware: Hardware,
  inForce: PlannedNetwork,
  layout: Pick<Layout, 'runtime' | 'lan'>,
  events: EventLog,
): Promise<VmNetwork> {
  if (!hasCard(plan, hardware)) {
    if (wantsServices(plan))
      throw new EngineError('capability-missing', 'printer, folders and guestinfo need a network card, and this package has none')
    return { spec: 'none', guest: null, switch: null }
  }
  const socket = join(layout.runtime(plan.session), 'network.sock')
  const mac = macOf(plan.instance)
  const recent = new RecentRefusals(events, () => performance.now())
  const shared = { socket, mac, kbitPerSecond: plan.limits.networkKbitPerSecond, onEvent: recent.record.bind(recent) }
  const spec = { model: hardware.network.model, mac, socket }
  if (plan.network.mode === 'isolated') {
    if (wantsServices(plan))
      throw new EngineError('capability-missing', 'on an isolated network there is nothing that serves printer, folders or guestinfo')
    const { lan } = plan.network
    const { joinIsolatedLan } = await import('@casemate/engine/isolated-lan')
    // A short name: the path of a socket has at most 107 bytes.
    const station = createHash('sha256').update(plan.session).digest('hex').slice(0, 16)
    const joined = await joinIsolatedLan({ ...shared, folder: layout.lan(lan), station })
    return { spec, guest: new IsolatedNetwork(joined, recent, mac, lan), switch: null }
  }
  const { startNetwork } = await import('@casemate/engine/network')
  const isolated = plan.network.mode === 'none' ? { isolated: true as const } : {}
  const network = await startNetwork({ ...isolated, ...shared, rules: rulesOf(inForce) })
  return { spec, guest: new SwitchedNetwork(network, recent, mac, plan.network.mode), switch: network }
}

/** Also without a network: what the switch itself serves goes over the card. */
export function hasCard(plan: LaunchPlan, hardware: Hardware): hardware is Hardware & { network: NonNullable<Hardware['network']> } {
  return hardware.network !== null && (plan.network.mode !== 'none' || wantsServices(plan))
}

function wantsServices({ printer, sharing, guestInfo }: LaunchPlan): boolean {
  return printer !== 'none' || sharing.folders !== 'none' || guestInfo.toGuest.length + guestInfo.fromGuest.length > 0
}
