// SPDX-License-Identifier: Apache-2.0
import { type Device, factsOf } from '../device.ts'
import { readDesktop } from '../documents/desktop-documents.ts'
import { RuntimeError } from '../error.ts'
import { modeOf, presentGrant } from './present-grant.ts'

/** @throws RuntimeError `administrator-mode-off` where there is none. */
export async function leaveAdministratorMode({ administrator, journal }: Device, desktop: string): Promise<void> {
  const token = administrator.tokenOf(desktop)
  if (token === null || !(await administrator.forget(desktop, token)))
    throw new RuntimeError('administrator-mode-off', `\`${desktop}\` is not in administrator mode`)
  await journal.append({ type: 'administrator-mode-left', data: { desktop } })
}

/** What has no effect any more, by its time or by the policies, is put away and said to have ended. */
export async function endOver(device: Device): Promise<boolean> {
  const { administrator, journal, leases } = device
  let ended = false
  for (const desktop of administrator.desktops) {
    const [{ lease }, token] = [leases, administrator.tokenOf(desktop)]
    if (lease === null || token === null) continue
    const held = await readDesktop(device.documents.place, desktop, lease).catch(() => undefined)
    const mode = held === undefined ? { mode: 'off' as const } : modeOf(held, lease, await factsOf(device, []), device.clock.now)
    if ((await presentGrant(device, desktop, mode, lease)) !== null) continue
    if (!(await administrator.forget(desktop, token))) continue
    await journal.append({ type: 'administrator-mode-ended', data: { desktop } })
    ended = true
  }
  return ended
}
