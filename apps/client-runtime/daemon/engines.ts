// SPDX-License-Identifier: Apache-2.0
import { deviceChoices } from '@casemate/engine/device-spec'
import { probeUplink } from '@casemate/engine/network'
import { createQemuBackend } from '@casemate/engine/qemu'
import { createV86Backend } from '@casemate/engine/v86'
import type { ProbeReport } from '@casemate/engine/virtual-machine'
import type { Facts } from '@casemate/policy/facts'

export type EngineName = 'qemu' | 'v86'

/** What this host can run, found out by trying. */
export interface EngineReport {
  readonly engines: readonly { readonly name: EngineName; readonly report: ProbeReport }[]
  readonly uplink: Awaited<ReturnType<typeof probeUplink>>
}

/** @param cacheFolder remembers the boot probe of QEMU. */
export async function probeEngines(cacheFolder: string): Promise<EngineReport> {
  const backends = [createQemuBackend({ cacheFolder }), createV86Backend()] as const
  const engines: { name: EngineName; report: ProbeReport }[] = []
  for (const backend of backends) engines.push({ name: backend.name === 'qemu' ? 'qemu' : 'v86', report: await backend.probe() })
  return { engines, uplink: await probeUplink() }
}

/** What the switch does wherever there is one. */
const switched = ['limit:network-rate', 'network:deny', 'network:domain', 'network:listed'] as const

/** What the hardware of a package may need; `ide` has every engine. */
const hardware = /^(?:firmware:|chipset:|cpus:|cpu-model$|disk:(?!ide$)|video:|usb:|tpm$|watchdog$|panic$|agent$)/

/** In the order of preference: qemu first. A listed network needs a network card and a way out. */
export function engineFacts({ engines, uplink }: EngineReport): Facts['engines'] {
  return engines.flatMap(({ name, report }) => {
    if (!report.available) return []
    const all = [...report.capabilities]
    const network = uplink.available && all.some((capability) => capability.startsWith('network:'))
    const others = (['parallel:captured', 'serial:captured', 'suspend', 'limit:processor'] as const).filter((capability) => all.includes(capability))
    const drives = deviceChoices.drives.filter((drive) => all.includes(`drive:${drive}`)).map((drive) => `drive:${drive}-image` as const)
    const given = all.filter((capability) => hardware.test(capability))
    const kept = all.includes('snapshot') ? ['snapshots' as const] : []
    const capabilities = ['disk:discard-changes' as const, 'limit:disk-growth' as const, ...drives, ...(network ? switched : []), ...others, ...kept]
    return [{ name, capabilities, ...(given.length === 0 ? {} : { hardware: given }) }]
  })
}
