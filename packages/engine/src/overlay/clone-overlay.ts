// SPDX-License-Identifier: Apache-2.0
//
// A copy of an overlay under another key and binding: the blocks it owns, encrypted anew, and nothing of what lies below it.
import { createOverlay, type OverlayIdentity, openOverlay } from './xts-overlay.ts'

/**
 * `target` must not exist; of `source` nothing is changed.
 * @param frozen what `source` lies over and the copy is to hold too; null where that is the package alone
 * @throws EngineError `overlay-exists`; `overlay-mismatch`, `overlay-altered` of the two that are read
 */
export async function cloneOverlay(source: OverlayIdentity, target: OverlayIdentity, frozen: OverlayIdentity | null): Promise<void> {
  const below = frozen === null ? null : await openOverlay({ ...frozen, base: null, readOnly: true })
  try {
    const above = await openOverlay({ ...source, base: below, readOnly: true })
    try {
      // Without a package below, the extents that are not zeros are those that an overlay owns.
      await createOverlay({ ...target, size: above.size, fillFrom: above })
    } finally {
      await above.close()
    }
  } finally {
    await below?.close()
  }
}
