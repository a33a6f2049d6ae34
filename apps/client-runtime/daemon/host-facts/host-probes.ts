// SPDX-License-Identifier: Apache-2.0
//
// What the runtime finds out about its host by looking, and nothing else: it changes nothing, asks nobody, and gives up what takes long.
// Whoever owns the host can make all of it up (docs/security.md).
import type { HostPosture } from '@casemate/policy/host-posture'
import type { HostNetwork } from '@casemate/policy/host-zone'
import { onEncryptedDisk } from './disk-encryption.ts'
import { networkOf } from './network.ts'
import { presentFiles, runningProcesses, systemOf } from './posture.ts'

/** By name and by path; what nobody asks for is not looked for. */
export interface AskedOfHost {
  readonly processes: readonly string[]
  readonly files: readonly string[]
}

export const nothingAsked: AskedOfHost = { processes: [], files: [] }

export interface HostProbes {
  /** Null: not found out. */
  network(): Promise<HostNetwork | null>
  posture(asked: AskedOfHost): Promise<HostPosture>
}

const PATIENCE_MS = 2000

/** Of a Linux host. @param dataFolder of the runtime, whose disk is the one that counts. */
export function linuxHost(dataFolder: string): HostProbes {
  return {
    network: () => inTime(networkOf()),
    posture: async ({ processes, files }) => {
      const [system, diskEncrypted, running, there] = await Promise.all([
        inTime(systemOf()),
        inTime(onEncryptedDisk(dataFolder)),
        inTime(runningProcesses(processes)),
        inTime(presentFiles(files)),
      ])
      return {
        system: observed(system),
        diskEncrypted: observed(diskEncrypted),
        // No interface says it for every desktop of Linux.
        screenLock: null,
        processes: observed(running),
        files: observed(there),
      }
    },
  }
}

const observed = <T>(value: T | null) => (value === null ? null : { value, from: 'observed' as const })

/** Null where it fails or takes too long. */
async function inTime<T>(looking: Promise<T | null>): Promise<T | null> {
  const late = Promise.withResolvers<null>()
  const timer = setTimeout(() => late.resolve(null), PATIENCE_MS)
  try {
    return await Promise.race([looking.catch(() => null), late.promise])
  } finally {
    clearTimeout(timer)
  }
}
