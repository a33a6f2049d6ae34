// SPDX-License-Identifier: Apache-2.0
//
// A new disk for a warm start while its file is still being made: the machine can be made beside it. Reads give what the file will hold,
// writes wait until it is there, whole. Its CPUs must not run before.
import type { OverlayBase, XtsOverlay } from '@casemate/engine/overlay'
import type { BlockDevice } from '@casemate/vm-package/block-device'

type Opened = Pick<XtsOverlay, 'read' | 'write' | 'flush' | 'extents'>

/** @param content as the file is filled with, and reads over it: of the size of the disk */
export function openingDisk(content: OverlayBase, opening: Promise<Opened>): BlockDevice {
  let opened: Opened | null = null
  opening.then(
    (overlay) => {
      opened = overlay
    },
    () => undefined,
  )
  return {
    size: content.size,
    readOnly: false,
    read: (offset, length) => (opened ?? content).read(offset, length),
    write: async (offset, data) => (opened ?? (await opening)).write(offset, data),
    flush: async () => (opened ?? (await opening)).flush(),
    extents: async (offset, length) => (opened ?? (await opening)).extents(offset, length),
  }
}
