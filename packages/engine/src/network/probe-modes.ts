// SPDX-License-Identifier: Apache-2.0
//
// Which kinds of network this host can give a VM.
import { accessSync, constants, readFileSync } from 'node:fs'
import { probeUplink } from './uplink.ts'

/** `nat`, which policies call `listed`, and `host-only` go out through passt; `bridged` would need a tap device and is looked for alone. */
export type NetworkMode = 'isolated' | 'host-only' | 'nat' | 'bridged'

export type ModeReport = Readonly<Record<NetworkMode, { readonly available: true } | { readonly available: false; readonly message: string }>>

const CAP_NET_ADMIN = 12n

/** @param places of the device and of the process's own status, for tests */
export async function probeModes(places = { tun: '/dev/net/tun', status: '/proc/self/status' }): Promise<ModeReport> {
  const uplink = await probeUplink()
  const out = uplink.available ? ({ available: true } as const) : ({ available: false, message: uplink.message } as const)
  return { isolated: { available: true }, 'host-only': out, nat: out, bridged: probeTap(places) }
}

function probeTap({ tun, status }: { readonly tun: string; readonly status: string }): ModeReport['bridged'] {
  try {
    accessSync(tun, constants.R_OK | constants.W_OK)
    const effective = /^CapEff:\s*([0-9a-f]+)$/m.exec(readFileSync(status, 'latin1'))?.[1] ?? '0'
    const may = ((BigInt(`0x${effective}`) >> CAP_NET_ADMIN) & 1n) === 1n
    return may ? { available: true } : { available: false, message: 'this process may not make network devices' }
  } catch (error) {
    if (error instanceof Error && 'code' in error) return { available: false, message: `\`${tun}\` cannot be used: ${error.code}` }
    throw error
  }
}
