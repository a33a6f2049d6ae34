// SPDX-License-Identifier: Apache-2.0
//
// What a boot is recorded on where nobody chose: QEMU, or v86 where QEMU does not run the package. A boot that nobody asked for takes no memory
// that the console's computer does not have free.
import { DoesNotRunHere } from './does-not-run-here.ts'

export type BootEngine = 'qemu' | 'v86'

/** Left to the console and to what else runs. */
const leftMiB = 512

/** @param availableBytes memory that a process could get now @throws Error where that is too little for a boot that nobody asked for */
export function enginesToTry(wanted: BootEngine | 'auto', memoryMiB: number, availableBytes: number): readonly BootEngine[] {
  if (wanted !== 'auto') return [wanted]
  const availableMiB = Math.floor(availableBytes / 1_048_576)
  if (availableMiB >= memoryMiB + leftMiB) return ['qemu', 'v86']
  throw new Error(
    `expected ${memoryMiB + leftMiB} MiB of free memory on the console's computer, found ${availableMiB} MiB; choose an engine to boot it anyway`,
  )
}

/** @throws DoesNotRunHere where no engine runs it, with the words of each; whatever else `record` throws */
export async function recordOnFirst<T>(engines: readonly BootEngine[], record: (engine: BootEngine) => Promise<T>): Promise<T> {
  const refusals: string[] = []
  for (const engine of engines) {
    try {
      return await record(engine)
    } catch (error) {
      if (!(error instanceof DoesNotRunHere)) throw error
      refusals.push(error.message)
    }
  }
  throw new DoesNotRunHere(refusals.join('; '))
}
