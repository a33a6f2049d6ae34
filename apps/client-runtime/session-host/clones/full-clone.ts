// SPDX-License-Identifier: Apache-2.0
import { type CloneSource, copyDisks } from './copy-disks.ts'

export interface NewInstance {
  readonly instance: string
  /** 32 random bytes, which no other instance has. */
  readonly instanceKey: Uint8Array
}

/**
 * An instance of its own with what the original's disks hold now; of a linked clone too, from then on without its base. Its network card has
 * another address, since that comes of its name.
 * @throws as `copyDisks`
 */
export async function makeFullClone(source: CloneSource, { instance, instanceKey }: NewInstance): Promise<void> {
  const { package: release, engine } = source.plan
  await copyDisks(source, { plan: { instance, package: release, engine }, layout: source.layout.instance(instance), instanceKey })
}
