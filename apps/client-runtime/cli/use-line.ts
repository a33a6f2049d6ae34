// SPDX-License-Identifier: Apache-2.0
import type { SessionStats } from '../local-api.ts'

const mebibyte = 1 << 20

/** What the VM of an instance has used so far, in one line. */
export function useLine({ processorSeconds, residentBytes, balloonMiB, disks, network }: SessionStats): string {
  const read = disks?.reduce((sum, { readBytes }) => sum + readBytes, 0)
  const written = disks?.reduce((sum, { writtenBytes }) => sum + writtenBytes, 0)
  const parts = [
    `processor ${processorSeconds.toFixed(1)} s`,
    `memory ${mebibytes(residentBytes)}${balloonMiB === null ? '' : ` (the guest has ${balloonMiB} MiB)`}`,
    ...(read === undefined || written === undefined ? [] : [`disks ${mebibytes(read)} read, ${mebibytes(written)} written`]),
    ...(network === null
      ? []
      : [`network ${mebibytes(network.toGuest)} received, ${mebibytes(network.fromGuest)} sent, ${network.refused} packets refused`]),
  ]
  return `  used: ${parts.join('; ')}`
}

function mebibytes(bytes: number): string {
  return `${(bytes / mebibyte).toFixed(1)} MiB`
}
