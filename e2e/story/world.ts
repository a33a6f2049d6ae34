// SPDX-License-Identifier: Apache-2.0
import type { Browser } from '../../apps/console/test/web/browser.ts'
import type { RfbClient } from '../screen/rfb-client.ts'
import type { Device } from './device.ts'
import type { Organisation } from './organisation.ts'
import type { Viewer } from './viewer.ts'

/** One sealed package as the story knows it. */
export interface SealedVersion {
  /** Stands on its system disk, and nowhere in clear. */
  readonly nonce: string
  readonly sha256: string
}

/** What the steps hand on to each other; a step throws when what it needs is missing. */
export interface World {
  readonly engine: 'v86' | 'qemu'
  /** Fresh folder of this run; everything lies in it. */
  readonly folder: string
  readonly organisation: Organisation
  /** The computer that the story is about. */
  readonly device: Device
  /** Another one of the same organisation: what is done to the first must not touch it. */
  readonly other: Device
  /** By version. */
  readonly sealed: Map<string, SealedVersion>
  /** In the console's words: the name of `device`. */
  deviceName?: string
  /** Signed in at the console. */
  browser?: Browser
  /** Serial of the release that was published there. */
  consoleSerial?: number
  viewer?: Viewer
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

/** Resolves once `holds`; the limit only ends a run that hangs. */
export async function waitUntil(what: string, holds: () => Promise<boolean>, limitMs = 60_000): Promise<void> {
  const deadline = Date.now() + limitMs
  while (!(await holds())) {
    if (Date.now() > deadline) throw new Error(`not after ${limitMs} ms: ${what}`)
    await new Promise((resolve) => setTimeout(resolve, 200))
  }
}

export async function closeWorld({ screen, device, other, organisation }: World): Promise<void> {
  screen?.close()
  await Promise.all([device.remove(), other.remove()])
  await organisation.stop('SIGKILL')
}
