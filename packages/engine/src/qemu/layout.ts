// SPDX-License-Identifier: Apache-2.0
//
// Every path that a contained QEMU process sees, and where the sockets it makes appear on the host. Nothing else of the host is visible to it.
import { join } from 'node:path'
import type { DriveName } from '../device-spec.ts'

/** Inside the containment. None names anything of the host, so command lines are the same on every computer. */
export const inside = {
  run: '/vm/run',
  display: '/vm/run/display.sock',
  state: '/vm/run/state.sock',
  network: '/vm/net.sock',
  medium: '/vm/medium.sock',
  firmware: '/vm/firmware.fd',
  tpm: '/vm/tpm.sock',
  /** Made by the backend in `run` when a medium is put into a drive. */
  drive: (drive: DriveName): string => `/vm/run/${drive}.sock`,
  /** Likewise, until QEMU has joined it. */
  usb: (id: string): string => `/vm/run/${id}.sock`,
  nbd: (index: number): string => `/vm/nbd${index}.sock`,
  overlay: (index: number): string => `/vm/disk${index}.qcow2`,
  secret: (index: number): string => `/vm/key${index}`,
} as const

export interface HostSockets {
  /** The only host folder that the process may write into; made and removed by the backend. */
  readonly folder: string
  readonly display: string
  readonly state: string
}

export function hostSockets(runtimeFolder: string): HostSockets {
  const folder = join(runtimeFolder, 'vm')
  return { folder, display: join(folder, 'display.sock'), state: join(folder, 'state.sock') }
}

/** File descriptors that the process inherits; connected socket pairs, so nobody else can join them. */
export const descriptors = { qmp: 3, serial: 4, parallel: 5, agent: 6 } as const
