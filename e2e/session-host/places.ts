// SPDX-License-Identifier: Apache-2.0
import { join } from 'node:path'

/** Where a run keeps what, below its own folder. */
export function placesOf(folder: string) {
  return {
    /** Disks prepared for sealing, one folder a version. */
    disks: (version: string) => join(folder, `disks-${version}`),
    store: join(folder, 'store'),
    passphrase: join(folder, 'passphrase'),
    orgKey: join(folder, 'organisation.key'),
    sealed: (version: string) => join(folder, `sealed-${version}`),
    /** Data folder of the client runtime. */
    data: (device: string) => join(folder, device),
  }
}
