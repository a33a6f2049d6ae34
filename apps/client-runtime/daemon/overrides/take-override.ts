// SPDX-License-Identifier: Apache-2.0
//
// An override on its way in, from the console or out of a file: verified, kept, and said in the journal, what came of it either way.
import { PolicyError } from '@casemate/policy/error'
import type { Override } from '@casemate/policy/override'
import type { Device } from '../device.ts'
import { messageOf } from '../error.ts'
import { UpdateError } from '../update/error.ts'
import { noFloors } from '../update/floors.ts'

/** @throws PolicyError as `verifyOverride`: nothing is taken then. */
export async function takeOverride(device: Device, token: string): Promise<Override> {
  const { clock, documents, journal, overrides, owner } = device
  try {
    const override = await withNewKeys(device, async () => overrides.take(token, owner, await documents.overrideKeys(), clock.now))
    const { id, desktop, kind, exp } = override
    await journal.append({ type: 'override-taken', data: { id, desktop, kind, exp } })
    return override
  } catch (error) {
    if (error instanceof PolicyError) await journal.append({ type: 'override-refused', data: { code: error.code, message: messageOf(error) } })
    throw error
  }
}

/**
 * Those that the console sends with every contact until they end. One that is refused is refused once.
 * @param refused of this daemon's time.
 */
export async function takeSent(device: Device, tokens: readonly string[], refused: Set<string>): Promise<void> {
  for (const token of tokens) {
    if (device.overrides.holds(token) || refused.has(token)) continue
    try {
      await takeOverride(device, token)
    } catch (error) {
      if (!(error instanceof PolicyError)) throw error
      refused.add(token)
    }
  }
}

/** A key that this device has not seen yet may have been approved since: then the lists are brought up to date, once. */
async function withNewKeys<T>({ documents, leases }: Device, act: () => Promise<T>): Promise<T> {
  try {
    return await act()
  } catch (error) {
    if (!(error instanceof PolicyError) || error.code !== 'token-key') throw error
    try {
      await documents.refresh(leases.lease?.tuf ?? noFloors)
    } catch (cause) {
      // Without contact the key stays unknown, which is the answer.
      throw cause instanceof UpdateError ? error : cause
    }
    return await act()
  }
}
