// SPDX-License-Identifier: Apache-2.0
//
// Which releases an instance has come up under, and which system disks it keeps. An old one stays at least until the new release has
// booted: until its guest has switched itself off, or its CPUs have run for five minutes in sessions that ended in good order. A session
// that failed, or that somebody switched off, proves nothing. Nothing but files of releases that are not kept is ever removed; whatever is
// interrupted is made up for at the next good end.
import { readdir, rm } from 'node:fs/promises'
import { join } from 'node:path'
import type { VirtualMachine } from '@casemate/engine/virtual-machine'
import { sha256Text } from '@casemate/policy/names'
import { z } from 'zod'
import { readState, writeState } from '../daemon/state-file.ts'
import type { InstanceLayout } from '../layout.ts'

/** Longer than a boot takes, shorter than a day's work. */
const BOOTED_AFTER_SECONDS = 300
const MOST_RELEASES = 64

const releaseHistory = z.strictObject({
  format: z.literal('casemate-release-history-1'),
  /** In the order of their last good end, the newest last. */
  releases: z.array(z.strictObject({ package: sha256Text, ranSeconds: z.int().min(0), booted: z.boolean() })).max(MOST_RELEASES),
})

export type GoodEnd = 'suspended' | 'guest-off'

export interface EndedSession {
  readonly packageSha256: string
  readonly end: GoodEnd
  /** How long its CPUs ran. */
  readonly ranSeconds: number
  /** How many former releases stay, as the release says. */
  readonly keep: number
}

/** A session under `packageSha256` has ended in good order. @throws the error of the file system; what is left is whole. */
export async function settleRelease(instance: InstanceLayout, { packageSha256, end, ranSeconds, keep }: EndedSession): Promise<void> {
  // One that cannot be read is as good as none: what it knew keeps former releases, never the present one.
  const history = await readState(instance.history, releaseHistory).catch(() => undefined)
  const releases = history?.releases ?? []
  const before = releases.find((release) => release.package === packageSha256)
  const ran = (before?.ranSeconds ?? 0) + Math.floor(ranSeconds)
  const booted = before?.booted === true || end === 'guest-off' || ran >= BOOTED_AFTER_SECONDS
  const former = releases.filter((release) => release !== before)
  const kept = booted
    ? lastOf(
        former.filter((release) => release.booted),
        keep,
      )
    : lastOf(former, MOST_RELEASES - 1)
  const next = [...kept, { package: packageSha256, ranSeconds: ran, booted }]
  await writeState(instance.history, { format: 'casemate-release-history-1', releases: next } satisfies z.infer<typeof releaseHistory>)
  if (booted) await removeOthers(instance, new Set(next.map((release) => release.package)))
}

/** Also what a killed maker of such a disk has left: its name holds the disk's. */
async function removeOthers(instance: InstanceLayout, kept: ReadonlySet<string>): Promise<void> {
  for (const name of await readdir(instance.disks)) {
    const [, sha256] = /^\.?system-[a-z0-9.-]+-([0-9a-f]{64})\.(?:qcow2|xts)(?:\.|$)/.exec(name) ?? []
    if (sha256 !== undefined && !kept.has(sha256)) await rm(join(instance.disks, name), { recursive: true, force: true })
  }
}

function lastOf<T>(list: readonly T[], count: number): readonly T[] {
  return count === 0 ? [] : list.slice(-count)
}

/** @param monotonic milliseconds that only rise. @returns seconds that the CPUs of `vm` have run since this call. */
export function runningTime(vm: Pick<VirtualMachine, 'on'>, monotonic: () => number): () => number {
  let ran = 0
  let since: number | null = null
  vm.on('state', (state) => {
    if (since !== null) ran += monotonic() - since
    since = state === 'running' ? monotonic() : null
  })
  return () => (ran + (since === null ? 0 : monotonic() - since)) / 1000
}
