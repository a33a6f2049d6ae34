// SPDX-License-Identifier: Apache-2.0
import type { DaemonResponse, SnapshotList } from '../../local-api.ts'
import { SnapshotError } from '../../session-host/snapshots/error.ts'

/** A session host, or what stands for one while the desktop is not open. */
interface Keeper {
  snapshots(): Promise<SnapshotList>
  thumbnail(id: string): Promise<Uint8Array | null>
}

/** Of those snapshots that have one; one that was altered is left out. @throws SnapshotError as `snapshots` */
export async function snapshotPictures(keeper: Keeper): Promise<DaemonResponse<'snapshotPictures'>['pictures']> {
  const { snapshots } = await keeper.snapshots()
  const pictures: { snapshot: string; png: string }[] = []
  for (const { id } of snapshots) {
    const png = await keeper.thumbnail(id).catch(leftOut)
    if (png !== null) pictures.push({ snapshot: id, png: Buffer.from(png).toString('base64') })
  }
  return pictures
}

function leftOut(error: unknown): null {
  if (error instanceof SnapshotError && error.code === 'snapshot-altered') return null
  throw error
}
