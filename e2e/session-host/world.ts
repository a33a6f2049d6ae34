// SPDX-License-Identifier: Apache-2.0
import type { RunningSession } from './running-session.ts'

/** One sealed release as these tests know it. */
export interface SealedRelease {
  readonly version: string
  readonly sha256: string
  /** base64url */
  readonly packageKey: string
}

export interface World {
  readonly engine: 'v86' | 'qemu'
  /** Fresh folder of this run; everything lies in it. */
  readonly folder: string
  /** Of the one instance that is run; base64url. */
  readonly instanceKey: string
  /** Sessions to end with the run. */
  readonly open: Set<RunningSession>
}

export async function closeWorld(world: World): Promise<void> {
  for (const session of world.open) await session.kill()
}
