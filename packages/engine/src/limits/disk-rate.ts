// SPDX-License-Identifier: Apache-2.0
import { EngineError } from '../error.ts'

/** Of all disks of a VM together, in KiB a second; null is no limit. @throws EngineError `spec-invalid` */
export function checkDiskRate(kibPerSecond: number | null): void {
  if (kibPerSecond !== null && !(Number.isInteger(kibPerSecond) && kibPerSecond >= 1 && kibPerSecond <= 67_108_864))
    throw new EngineError('spec-invalid', `the rate of a VM's disks cannot be \`${kibPerSecond}\` KiB a second`)
}
