// SPDX-License-Identifier: Apache-2.0
//
// Whether an instance may start from its package's warm state: at its first start, on the machine that the state was taken from, once
// every piece of it is here and verified. Otherwise it boots as it would without, and an event says why; what was altered and cannot be
// had intact is refused.
import { setTimeout } from 'node:timers/promises'
import type { MachineShape, PortableStates } from '@casemate/engine/virtual-machine'
import { PackageError } from '@casemate/vm-package/error'
import type { Manifest } from '@casemate/vm-package/manifest'
import type { ObjectSource } from '@casemate/vm-package/object-store'
import { openWarmState, type WarmState } from '@casemate/vm-package/warm-state'
import type { EventLog } from '../event-log.ts'

/** As long as a boot takes: what is not here by then is left out. */
const PATIENCE_MS = 20_000

export interface WarmStartSource {
  readonly manifest: Manifest
  readonly packageKey: Uint8Array
  readonly files: Pick<ObjectSource, 'get'>
  /** Undefined: the engine has no states that were saved elsewhere. */
  readonly portable: PortableStates | undefined
  readonly shape: MachineShape
  readonly events: EventLog
  readonly patienceMs?: number
}

/**
 * Call it for an instance without disks of its own yet.
 * @throws PackageError `warm-state-altered`, `warm-state-invalid`, `object-too-long`
 */
export async function warmStart(source: WarmStartSource): Promise<WarmState | null> {
  const { manifest, portable, shape, events } = source
  if (manifest.warmState === null) return null
  const leaveOut = (detail: string): null => {
    events.add('warm-start-left-out', { detail })
    return null
  }
  if (portable === undefined) return leaveOut('this engine takes no state that was saved elsewhere')
  try {
    const warm = await inTime(openWarmState(source.files, { disks: manifest.disks, warmState: manifest.warmState }, source.packageKey), source)
    const machine = await portable.machineOf(shape)
    if (warm.machine !== machine) return leaveOut(`it was taken from \`${warm.machine}\`, this is \`${machine}\``)
    await inTime(warm.fetch(), source)
    events.add('warm-start', { machine })
    return warm
  } catch (fault) {
    if (fault instanceof PackageError && fault.code === 'warm-state-missing') return leaveOut(fault.message)
    throw fault
  }
}

async function inTime<T>(work: Promise<T>, { patienceMs = PATIENCE_MS }: WarmStartSource): Promise<T> {
  const waiting = new AbortController()
  const late = setTimeout(patienceMs, undefined, { signal: waiting.signal }).then(() => {
    throw new PackageError('warm-state-missing', `the warm state did not come within ${patienceMs} ms`)
  })
  // Whichever loses the race is heard by nobody.
  for (const promise of [late, work]) promise.catch(() => undefined)
  return Promise.race([work, late]).finally(() => waiting.abort())
}
