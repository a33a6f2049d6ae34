// SPDX-License-Identifier: Apache-2.0
//
// PO-11: what the runtime found out about its host, held against what the policies ask for. Nothing found out is nothing that holds.
import { z } from 'zod'
import { compareOsVersions, osVersion } from '../model/os-version.ts'
import type { Posture } from '../model/settings/posture.ts'
import { defaultValues } from '../model/settings.ts'

const found = <T extends z.ZodType>(value: T) => z.strictObject({ value, from: z.enum(['attested', 'observed']) }).nullable()

/** Null: not found out. */
export const hostPosture = z.strictObject({
  system: found(z.strictObject({ name: z.string().min(1).max(64), version: osVersion })),
  diskEncrypted: found(z.boolean()),
  screenLock: found(z.boolean()),
  /** Of the programs that the policies ask for, those that run. */
  processes: found(z.array(z.string().max(64)).max(1000)),
  /** Of the files that they ask for, those that are there. */
  files: found(z.array(z.string().max(256)).max(1000)),
})

export type HostPosture = z.infer<typeof hostPosture>

export const unknownPosture: HostPosture = { system: null, diskEncrypted: null, screenLock: null, processes: null, files: null }

/** What does not hold, in words; empty: all does. */
export function postureFaults(wanted: Posture, host: HostPosture): readonly string[] {
  if (wanted === defaultValues.posture) return []
  const running = new Set(host.processes?.value)
  const there = new Set(host.files?.value)
  return [
    wanted.systems === null || systemFits(wanted.systems, host) ? [] : [systemFault(host)],
    wanted.diskEncrypted && host.diskEncrypted?.value !== true ? ['its disk is not known to be encrypted'] : [],
    wanted.screenLock && host.screenLock?.value !== true ? ['its screen is not known to lock itself'] : [],
    wanted.processes.filter((name) => !running.has(name)).map((name) => `\`${name}\` does not run`),
    wanted.files.filter((path) => !there.has(path)).map((path) => `\`${path}\` is missing`),
  ].flat()
}

function systemFits(systems: NonNullable<Posture['systems']>, { system }: HostPosture): boolean {
  if (system === null) return false
  const { name, version } = system.value
  return systems.some((wanted) => wanted.name === name && compareOsVersions(version, wanted.atLeast) >= 0)
}

function systemFault({ system }: HostPosture): string {
  return system === null ? 'its system is not known' : `${system.value.name} ${system.value.version} is not among its systems`
}
