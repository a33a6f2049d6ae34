// SPDX-License-Identifier: Apache-2.0
import type { LaunchPlan } from '../../packages/policy/src/decision/launch-plan.ts'
import type { RfbClient } from '../screen/rfb-client.ts'
import type { RunningSession } from './running-session.ts'

/** One sealed release as the story knows it. */
export interface SealedRelease {
  readonly version: string
  readonly nonce: string
  readonly sha256: string
  /** base64url */
  readonly packageKey: string
}

/** What the steps hand on to each other; a step throws when what it needs is missing. */
export interface World {
  readonly engine: 'v86' | 'qemu'
  /** Fresh folder of this run; everything lies in it. */
  readonly folder: string
  /** Of the one instance that the story runs; base64url. */
  readonly instanceKey: string
  /** Sessions and screens to end with the run. */
  readonly open: Set<RunningSession>
  nonce1?: string
  release1?: SealedRelease
  release2?: SealedRelease
  session?: RunningSession
  /** In force in `session`, where a step has changed it. */
  plan?: LaunchPlan
  screen?: RfbClient
}

export function need<T>(value: T | undefined, what: string): T {
  if (value === undefined) throw new Error(`the story has no ${what}`)
  return value
}

/** @throws Error that says what was expected and what was found */
export function expectEqual(found: unknown, expected: unknown, what: string): void {
  if (found !== expected) throw new Error(`${what}: expected \`${String(expected)}\`, found \`${String(found)}\``)
}

export async function closeWorld(world: World): Promise<void> {
  world.screen?.close()
  for (const session of world.open) await session.kill()
}
