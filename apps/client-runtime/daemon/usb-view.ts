// SPDX-License-Identifier: Apache-2.0
import { inWords } from '@casemate/engine/usb-filter'
import type { HostUsb } from '@casemate/engine/usb-host'
import type { DaemonResponse, SessionView } from '../local-api.ts'

/** What is plugged into this computer, and which open instance has it. @throws EngineError `usb-missing` */
export async function listUsb(host: Pick<HostUsb, 'list'>, open: readonly SessionView[]): Promise<DaemonResponse<'usb'>> {
  const owner = new Map(open.flatMap(({ instance, usb }) => usb.map(({ at }) => [at, instance] as const)))
  const found = await host.list()
  return { devices: found.map((device) => ({ at: device.at, device: inWords(device), name: device.name, instance: owner.get(device.at) ?? null })) }
}
