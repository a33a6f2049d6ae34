// SPDX-License-Identifier: Apache-2.0
//
// What may be done with a desktop that is not open: under the plan that a start now would have, and with the key that such a start opened.
// Nobody reads or writes anything of a snapshot without that key. What is changed is in the journal; what is given up, before it goes.
import type { LaunchPlan } from '@casemate/policy/launch-plan'
import type { SnapshotList } from '../../local-api.ts'
import { lockInstance } from '../../session-host/instance-lock.ts'
import { discardSavedMemory, examineSavedMemory } from '../../session-host/saved-memory.ts'
import type { SavedPart } from '../../session-host/saved-parts.ts'
import { KeptSnapshots } from '../../session-host/snapshots/kept-snapshots.ts'
import type { SnapshotOwner } from '../../session-host/snapshots/record.ts'
import type { Device } from '../device.ts'
import { RuntimeError } from '../error.ts'

export interface Unlocked {
  readonly plan: LaunchPlan
  /** Overwritten once nobody needs it. */
  readonly instanceKey: Uint8Array
}

/** @throws InstanceBusy `instance-busy` while a session host has it */
export async function withClosedDesktop<T>(device: Device, unlocked: Unlocked, act: (desktop: ClosedDesktop) => Promise<T>): Promise<T> {
  const unlock = await lockInstance(device.layout.instance(unlocked.plan.instance).lock)
  try {
    return await act(new ClosedDesktop(device, unlocked))
  } finally {
    await unlock()
  }
}

export class ClosedDesktop {
  readonly #device: Device
  readonly #owner: SnapshotOwner
  readonly #plan: LaunchPlan
  readonly #snapshots: KeptSnapshots

  constructor(device: Device, { plan, instanceKey }: Unlocked) {
    this.#device = device
    this.#plan = plan
    this.#owner = { plan, layout: device.layout.instance(plan.instance), instanceKey }
    this.#snapshots = new KeptSnapshots(this.#owner)
  }

  /** @throws SnapshotError; so do the next three. */
  snapshots(): Promise<SnapshotList> {
    return this.#snapshots.list(this.#plan)
  }

  thumbnail(id: string): Promise<Uint8Array | null> {
    return this.#snapshots.thumbnail(id)
  }

  /** The next start comes up from it. */
  async revert(id: string): Promise<void> {
    await this.#snapshots.planRevert(this.#plan, id)
    await this.#note({ reverting: id })
  }

  async delete(id: string): Promise<SnapshotList> {
    await this.#snapshots.delete(this.#plan, id)
    await this.#note({ 'snapshot-deleted': id })
    return this.snapshots()
  }

  /**
   * Memory that was altered always; memory that opens only where the policies let the user switch the desktop off.
   * @param unusable the engine has refused it
   * @throws RuntimeError `saved-state-none`, `saved-state-kept`
   */
  async discardSaved(unusable: boolean): Promise<readonly SavedPart[]> {
    const { parts, intact } = await examineSavedMemory(this.#owner)
    if (parts.length === 0) throw new RuntimeError('saved-state-none', `\`${this.#plan.instance}\` has no saved state`)
    if (intact && !unusable && this.#plan.exit === 'suspend')
      throw new RuntimeError('saved-state-kept', `the saved state of \`${this.#plan.instance}\` is intact, and its policies let nobody switch it off`)
    await this.#note({ discarded: parts.join(', ') })
    await discardSavedMemory(this.#owner)
    return parts
  }

  async #note(fields: Readonly<Record<string, string>>): Promise<void> {
    const { session, instance, desktop } = this.#plan
    await this.#device.journal.append({ type: 'observed', data: { session, instance, desktop, fields } })
  }
}
