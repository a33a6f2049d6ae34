// SPDX-License-Identifier: Apache-2.0
//
// Which folders of the host the user of an instance gives its guest: kept beside the instance, outside its package, and given at each start as far
// as the policies of then allow. Each has a place, by which its port stays the same.
import { z } from 'zod'
import { readState, writeState } from '../../daemon/state-file.ts'
import type { InstanceLayout } from '../../layout.ts'
import { FolderError } from './error.ts'
import { MOST_FOLDERS } from './ports.ts'

const chosenFolder = z.strictObject({
  place: z
    .int()
    .min(0)
    .max(MOST_FOLDERS - 1),
  path: z.string().startsWith('/').max(4096),
  readOnly: z.boolean(),
})
export type ChosenFolder = z.infer<typeof chosenFolder>
const stored = z.strictObject({ format: z.literal('casemate-shared-folders-1'), folders: z.array(chosenFolder).max(MOST_FOLDERS) })

type Kept = Pick<InstanceLayout, 'sharedFolders'>

export async function readFolders({ sharedFolders }: Kept): Promise<readonly ChosenFolder[]> {
  return (await readState(sharedFolders, stored))?.folders ?? []
}

/** @param path without links; one that is there takes the new access. @throws FolderError `folders-too-many` */
export async function addFolder(kept: Kept, path: string, readOnly: boolean): Promise<void> {
  const folders = await readFolders(kept)
  const former = folders.find((folder) => folder.path === path)
  const place = former?.place ?? Array.from({ length: MOST_FOLDERS }, (_, index) => index).find((free) => folders.every((one) => one.place !== free))
  if (place === undefined) throw new FolderError('folders-too-many', `at most ${MOST_FOLDERS} folders are shared with a desktop`)
  await write(kept, [...folders.filter((folder) => folder !== former), { place, path, readOnly }])
}

/** @throws FolderError `folder-unknown` */
export async function removeFolder(kept: Kept, path: string): Promise<void> {
  const folders = await readFolders(kept)
  if (!folders.some((folder) => folder.path === path)) throw new FolderError('folder-unknown', `\`${path}\` is not shared with this desktop`)
  await write(
    kept,
    folders.filter((folder) => folder.path !== path),
  )
}

async function write({ sharedFolders }: Kept, folders: readonly ChosenFolder[]): Promise<void> {
  await writeState(sharedFolders, { format: 'casemate-shared-folders-1', folders: [...folders].sort((one, other) => one.place - other.place) })
}
