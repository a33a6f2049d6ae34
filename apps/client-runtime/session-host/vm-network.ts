// SPDX-License-Identifier: Apache-2.0
//
// The VM's network: nothing where plan or machine have none, otherwise a switch that holds what the session has in force. A VM that
// was started without a network gets one only by being started again.
import { createHash } from 'node:crypto'
import { join } from 'node:path'
import { EngineError } from '@casemate/engine/error'
import type { NetworkEvent, NetworkSwitch } from '@casemate/engine/network'
import type { VmSpec } from '@casemate/engine/virtual-machine'
import type { LaunchPlan } from '@casemate/policy/launch-plan'
import type { Hardware } from '@casemate/vm-package/hardware'
import type { EventLog } from './event-log.ts'
import type { InForce } from './in-force.ts'

export interface VmNetwork {
  readonly spec: VmSpec['network']
  readonly switch: NetworkSwitch | null
}

/** A locally administered address of its own for each instance (IEEE 802, second-least bit of the first octet), the same at every start. */
export function macOf(instance: string): string {
  const digest = createHash('sha256').update(`casemate-mac-v1|${instance}`).digest()
  const octets = [((digest[0] ?? 0) & 0xfc) | 0x02, ...digest.subarray(1, 6)]
  return octets.map((octet) => octet.toString(16).padStart(2, '0')).join(':')
}

/** @throws EngineError `uplink-missing` where this host cannot give the network that the plan asks for */
export async function openVmNetwork(
  plan: LaunchPlan,
  hardware: Hardware,
  rules: InForce,
  runtimeFolder: string,
  events: EventLog,
): Promise<VmNetwork> {
  if (!hasCard(plan, hardware)) {
    if (wantsServices(plan)) throw new EngineError('capability-missing', 'a printer and folders need a network card, and this package has none')
    return { spec: 'none', switch: null }
  }
  const { startNetwork } = await import('@casemate/engine/network')
  const socket = join(runtimeFolder, 'network.sock')
  const mac = macOf(plan.instance)
  const kbitPerSecond = plan.limits.networkKbitPerSecond
  const isolated = plan.network.mode === 'none' ? { isolated: true as const } : {}
  const network = await startNetwork({ ...isolated, socket, mac, rules: rules.network, kbitPerSecond, onEvent: (event) => record(event, events) })
  return { spec: { model: hardware.network.model, mac, socket }, switch: network }
}

/** Also without a network: what the switch itself serves goes over the card. */
export function hasCard(plan: LaunchPlan, hardware: Hardware): hardware is Hardware & { network: NonNullable<Hardware['network']> } {
  return hardware.network !== null && (plan.network.mode !== 'none' || wantsServices(plan))
}

function wantsServices({ printer, sharing }: LaunchPlan): boolean {
  return printer !== 'none' || sharing.folders !== 'none'
}

function record(event: NetworkEvent, events: EventLog): void {
  if (event.type === 'refused') events.add('network-refused', { ...event.flow })
  else if (event.type === 'uplink') events.add('network-uplink', { state: event.state, detail: event.message })
  else if (event.error !== null) events.add('network-broken', { detail: event.error.message })
}
