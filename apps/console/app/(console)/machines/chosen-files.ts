// SPDX-License-Identifier: Apache-2.0
//
// Files that were chosen while a machine was made, until its own page takes them up. A reload forgets them: then they are chosen again,
// and the upload goes on where it was.
const chosen = new Map<string, File>()

export const chosenFiles = {
  keep: (machine: string, disk: string, file: File): void => void chosen.set(`${machine}/${disk}`, file),
  take: (machine: string, disk: string): File | null => {
    const file = chosen.get(`${machine}/${disk}`) ?? null
    chosen.delete(`${machine}/${disk}`)
    return file
  },
}
