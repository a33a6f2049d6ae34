// SPDX-License-Identifier: Apache-2.0
import { circumstancesOf } from '@casemate/policy/decision'
import { explain, lostWords } from '@casemate/policy/explanation'
import { type Assignment, desktopOf } from '@casemate/policy/lease'
import { settingNames } from '@casemate/policy/settings'
import type { SettingView } from '../local-api.ts'
import { type Device, factsOf } from './device.ts'
import { readDesktop } from './documents/desktop-documents.ts'
import { RuntimeError } from './error.ts'

/**
 * Why an assigned desktop has the settings that it has here, from the documents that this device holds; empty where they are not here.
 * @param wanted one setting; null: all. @throws RuntimeError `setting-unknown`
 */
export async function explainDesktop(device: Device, assigned: Assignment, wanted: string | null): Promise<readonly SettingView[]> {
  if (wanted !== null && !settingNames.some((name) => name === wanted)) {
    throw new RuntimeError('setting-unknown', `there is no setting \`${wanted}\``)
  }
  const { leases, documents, clock } = device
  const { lease } = leases
  // Documents that cannot be believed are said by the reasons of the desktop itself.
  const held = await readDesktop(documents.place, desktopOf(assigned), lease).catch(() => undefined)
  if (held === undefined || lease === null) return []
  const all = explain(held.layers, lease, circumstancesOf(held.layers, lease, await factsOf(device, []), clock.now))
  const asked = all.filter(({ setting }) => wanted === null || setting === wanted)
  return asked.map(({ setting, words, from, lost }) => ({
    ...{ setting, words, from: from.map(({ sha256: _, ...source }) => source) },
    lost: lost.map(({ sha256: _, because, ...source }) => ({ ...source, because: lostWords[because] })),
  }))
}
