// SPDX-License-Identifier: Apache-2.0
import { closedPlan, type LaunchPlan } from '../../packages/policy/src/decision/launch-plan.ts'
import { RfbClient } from '../screen/rfb-client.ts'
import { deliver } from './make-release.ts'
import { placesOf } from './places.ts'
import { RunningSession } from './running-session.ts'
import type { SealedRelease, World } from './world.ts'

/** Longest wait for a guest to boot on a busy machine; it only ends a run that hangs. */
export const BOOT_LIMIT_MS = 180_000
export const PROMPT = 'user@casemate-demo:~$'

let sessions = 0

/** The plan that a decision under the strictest policies would give. */
export function strictPlan(world: World, release: SealedRelease): LaunchPlan {
  sessions += 1
  return {
    ...closedPlan,
    session: `s${sessions}`,
    instance: 'demo-1',
    desktop: 'demo',
    package: { name: 'demo', version: release.version, sha256: release.sha256 },
    engine: world.engine,
    memoryMiB: 128,
    serial: 'captured',
    exit: 'user',
    powerCommands: { pause: true, reset: true, powerButton: true },
  }
}

interface StartOptions {
  /** Object store to fetch from; the organisation's own unless told. */
  readonly origin?: string
  /** Whether the manifest is brought to the device first; it is unless told. */
  readonly deliver?: boolean
  /** Secrets for the package's customization files; none unless told. */
  readonly customization?: Readonly<Record<string, string>>
  /** The strictest unless told. */
  readonly plan?: LaunchPlan
}

/** Starts a session of `release` on `device`, which is fresh unless an earlier step used it. */
export async function startSession(world: World, device: string, release: SealedRelease, options: StartOptions = {}): Promise<RunningSession> {
  if (options.deliver !== false) await deliver(world, device, release)
  const places = placesOf(world.folder)
  const session = await RunningSession.start({
    data: places.data(device),
    origin: options.origin ?? places.store,
    plan: options.plan ?? strictPlan(world, release),
    packageKey: release.packageKey,
    instanceKey: world.instanceKey,
    customization: options.customization ?? {},
    names: { device, user: 'eva' },
    port: 0,
  })
  world.open.add(session)
  void session.exited.then(() => world.open.delete(session))
  return session
}

export async function watchScreen(session: RunningSession): Promise<RfbClient> {
  return RfbClient.overWebSocket(session.display.url, { protocols: session.display.protocols })
}
