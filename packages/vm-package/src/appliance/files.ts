// SPDX-License-Identifier: Apache-2.0
//
// Where the files of an appliance are: in an OVA, or beside an OVF descriptor.
import { constants } from 'node:fs'
import { basename, dirname, join } from 'node:path'
import { PackageError } from '../error.ts'
import { type ImageFile, openImageFile, readImage } from '../source/image-file.ts'
import { readMembers } from './archive.ts'
import { elsewhere, invalid, isPlainName, quote } from './refusal.ts'

export interface ApplianceFiles {
  /** Of the descriptor. */
  readonly descriptor: string
  /** Of all files, where that is known. */
  readonly names: readonly string[]
  /** Null when there is none. It stays open until `close`. @throws PackageError `appliance-refers-elsewhere`, `source-unreadable` */
  find(name: string): Promise<ImageFile | null>
  close(): Promise<void>
}

/** @throws PackageError `appliance-invalid`, `source-unreadable`, `source-changed` */
export async function openApplianceFiles(path: string): Promise<ApplianceFiles> {
  const file = await openImageFile(path)
  try {
    const magic = Buffer.alloc(Math.max(0, Math.min(5, file.length - 257)))
    await readImage(file, 257, magic)
    return magic.toString('latin1') === 'ustar' ? await openOva(file) : openFolder(file)
  } catch (error) {
    await file.file.close()
    throw error
  }
}

async function openOva(archive: ImageFile): Promise<ApplianceFiles> {
  const members = new Map((await readMembers(archive)).map((member) => [member.name, member]))
  const [descriptor = ''] = members.keys()
  if (!descriptor.endsWith('.ovf')) throw invalid(`expected its descriptor first in the archive, found ${quote(descriptor)}`)
  return {
    descriptor,
    names: [...members.keys()],
    find: async (name) => {
      const member = members.get(name)
      return member === undefined ? null : { ...archive, path: `${archive.path}/${name}`, offset: member.offset, length: member.length }
    },
    close: () => archive.file.close(),
  }
}

function openFolder(descriptor: ImageFile): ApplianceFiles {
  const folder = dirname(descriptor.path)
  const open = new Map([[basename(descriptor.path), descriptor]])
  return {
    descriptor: basename(descriptor.path),
    names: [],
    find: async (name) => {
      const found = open.get(name) ?? (await openBeside(folder, name))
      if (found !== null) open.set(name, found)
      return found
    },
    close: async () => void (await Promise.all([...open.values()].map(({ file }) => file.close()))),
  }
}

async function openBeside(folder: string, name: string): Promise<ImageFile | null> {
  if (!isPlainName(name)) throw elsewhere(quote(name))
  try {
    return await openImageFile(join(folder, name), constants.O_NOFOLLOW)
  } catch (error) {
    const reason = error instanceof PackageError && error.cause instanceof Error && 'code' in error.cause ? error.cause.code : undefined
    if (reason === 'ENOENT') return null
    if (reason === 'ELOOP') throw elsewhere(`${quote(name)}, which is a link`)
    throw error
  }
}
