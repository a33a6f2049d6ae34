// SPDX-License-Identifier: Apache-2.0

/** What one VM has used so far; each number but `residentBytes` and `balloonMiB` only grows while its process runs. */
export interface VmStats {
  /** Of processor time, by all processes of the VM. */
  readonly processorSeconds: number
  readonly residentBytes: number
  /** The memory that the guest has now; null for a VM without a balloon. */
  readonly balloonMiB: number | null
  /** In the order of the spec; null where the backend does not count them. */
  readonly disks: readonly DiskStats[] | null
}

export interface DiskStats extends DiskCounters {
  readonly name: string
}

export interface DiskCounters {
  readonly readBytes: number
  readonly readOperations: number
  readonly writtenBytes: number
  readonly writeOperations: number
}
