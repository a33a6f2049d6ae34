// SPDX-License-Identifier: Apache-2.0
import { createQemuBackend } from '../../packages/engine/src/qemu/backend.ts'
import { createV86Backend } from '../../packages/engine/src/v86/backend.ts'

export type EngineName = 'qemu' | 'v86'

/**
 * `auto` is QEMU where it is found and can be contained, else v86.
 * @throws Error that says what is missing
 */
export async function chooseEngine(wanted: EngineName | 'auto', cacheFolder: string, tell: (line: string) => void): Promise<EngineName> {
  if (wanted !== 'v86') {
    const qemu = await createQemuBackend({ cacheFolder }).probe()
    if (qemu.available) return 'qemu'
    if (wanted === 'qemu') throw new Error(`qemu cannot run here: ${qemu.message}`)
    tell(`not using QEMU: ${qemu.message}`)
  }
  const v86 = await createV86Backend().probe()
  if (!v86.available) throw new Error(`v86 cannot run here: ${v86.message}`)
  return 'v86'
}
