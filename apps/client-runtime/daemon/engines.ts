// SPDX-License-Identifier: Apache-2.0
import { deviceChoices } from '@casemate/engine/device-spec'
import { probeUplink } from '@casemate/engine/network'
import { createQemuBackend } from '@casemate/engine/qemu'
import { canServeFolders } from '@casemate/engine/shared-folder'
import { HostUsb } from '@casemate/engine/usb-host'
import { createV86Backend } from '@casemate/engine/v86'
import type { ProbeReport } from '@casemate/engine/virtual-machine'
import type { Facts } from '@casemate/policy/facts'
import { canRunScripts } from '../session-host/scripts/run-script.ts'

export type EngineName = 'qemu' | 'v86'

/** What this host can run, found out by trying. */
export interface EngineReport {
  readonly engines: readonly { readonly name: EngineName; readonly report: ProbeReport }[]
  readonly uplink: Awaited<ReturnType<typeof probeUplink>>
  /** Whether a script of a package can be kept apart here. */
  readonly scripts: boolean
  /** Whether devices of this host can be given to a VM. */
  readonly usb: Awaited<ReturnType<HostUsb['probe']>>
  /** Whether folders of the host can be served, contained. */
  readonly folders: boolean
}

/** @param cacheFolder remembers the boot probe of QEMU. */
export async function probeEngines(cacheFolder: string): Promise<EngineReport> {
  const backends = [createQemuBackend({ cacheFolder }), createV86Backend()] as const
  const engines: { name: EngineName; report: ProbeReport }[] = []
  for (const backend of backends) engines.push({ name: backend.name === 'qemu' ? 'qemu' : 'v86', report: await backend.probe() })
  const [uplink, usb, scripts, folders] = await Promise.all([probeUplink(), new HostUsb().probe(), canRunScripts(), canServeFolders()])
  return { engines, uplink, usb, scripts, folders }
}

/** What needs a card alone, and what a way out besides. */
const carded = ['limit:network-rate', 'network:isolated'] as const
const switched = ['network:deny', 'network:domain', 'network:host-only', 'network:listed'] as const

/** What the session host does for every engine. */
const always = ['disk:discard-changes', 'limit:disk-growth', 'limit:disk-rate', 'screen:screenshots', 'screen:watermark'] as const

/** Over a network card, without a way out. */
const sharing = ['folders:read-only', 'folders:read-write'] as const

/** What the hardware of a package may need; `ide` has every engine. */
const hardware = /^(?:firmware:|chipset:|cpus:|cpu-model$|disk:(?!ide$)|video:|usb:(?!redirect$)|tpm$|watchdog$|panic$|agent$)/

/** In the order of preference: qemu first. A listed network needs a network card and a way out, an isolated one the card. */
export function engineFacts({ engines, uplink, usb, scripts, folders }: EngineReport): Facts['engines'] {
  return engines.flatMap(({ name, report }) => {
    if (!report.available) return []
    const all = [...report.capabilities]
    const card = all.some((capability) => capability.startsWith('network:'))
    const network = [...(card ? carded : []), ...(card && uplink.available ? switched : [])]
    const served = card ? [...(folders ? sharing : []), 'guest-info' as const, 'printer:pdf-folder' as const] : []
    const others = (['parallel:captured', 'serial:captured', 'suspend', 'limit:processor'] as const).filter((capability) => all.includes(capability))
    const drives = deviceChoices.drives.filter((drive) => all.includes(`drive:${drive}`)).map((drive) => `drive:${drive}-image` as const)
    const given = all.filter((capability) => hardware.test(capability))
    const kept = all.includes('snapshot') ? ['snapshots' as const] : []
    const apart = scripts ? ['scripts' as const] : []
    const redirected = usb.available && all.includes('usb:redirect') ? ['usb:redirect' as const] : []
    const capabilities = [...always, ...apart, ...drives, ...network, ...served, ...others, ...kept, ...redirected]
    return [{ name, capabilities, ...(given.length === 0 ? {} : { hardware: given }) }]
  })
}
