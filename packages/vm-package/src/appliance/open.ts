// SPDX-License-Identifier: Apache-2.0
//
// An appliance (OVA, or OVF and the files beside it) as what a package is sealed from. Nothing is unpacked: its disks are read where they
// lie, under the handles that its digests were checked through.
import type { Hardware } from '../hardware.ts'
import type { SealDisk } from '../seal.ts'
import { checkUnchanged, type ImageFile, readImage } from '../source/image-file.ts'
import { type Descriptor, parseDescriptor } from './descriptor.ts'
import { checkDigest, type Digest, mostManifestBytes, parseDigests } from './digests.ts'
import { mapDrives } from './drives.ts'
import { type ApplianceFiles, openApplianceFiles } from './files.ts'
import { mapMachine } from './machine.ts'
import { invalid, quote, wrongDigest } from './refusal.ts'
import { mostXmlBytes } from './xml.ts'

export interface Appliance {
  readonly hardware: Hardware
  /** The first one boots; it is `system`, the others `disk2`, `disk3` ... Open until `close`. */
  readonly disks: readonly SealDisk[]
  /** Text of its licence. */
  readonly eula: string | null
  /** What is not carried over or not checked, in sentences: text for people, from a file that is somebody else's, without control characters. */
  readonly notes: readonly string[]
  /**
   * Reads each file that its manifest lists, once; nothing when it has none.
   * @param onProgress bytes read, bytes in all.
   * @throws PackageError `appliance-digest`, `source-unreadable`, `source-changed`, `seal-cancelled`
   */
  checkDigests(onProgress: (bytesRead: number, bytesTotal: number) => void, signal?: AbortSignal): Promise<void>
  close(): Promise<void>
}

interface Listed {
  readonly name: string
  readonly digest: Digest
  readonly image: ImageFile
}

/**
 * What cannot become a package is refused here, before any disk is read.
 * @throws PackageError `appliance-invalid`, `appliance-unsupported`, `appliance-refers-elsewhere`, `appliance-digest` (its manifest and its files
 * are not of each other), `source-unreadable`, `source-changed`.
 */
export async function openAppliance(path: string): Promise<Appliance> {
  const files = await openApplianceFiles(path)
  try {
    return await readAppliance(files)
  } catch (error) {
    await files.close()
    throw error
  }
}

async function readAppliance(files: ApplianceFiles): Promise<Appliance> {
  const descriptor = parseDescriptor(await readSmall(await findNeeded(files, files.descriptor), mostXmlBytes))
  const machine = mapMachine(descriptor.items, descriptor.firmware)
  const { drives, notes } = mapDrives(descriptor)
  const base = files.descriptor.replace(/\.ovf$/, '')
  const known = new Set([files.descriptor, `${base}.mf`, `${base}.cert`, ...descriptor.files.values()])
  const stray = files.names.find((name) => !known.has(name) && name.endsWith('.mf'))
  if (stray !== undefined) throw invalid(`expected its manifest to be called ${quote(`${base}.mf`)}, found ${quote(stray)}`)
  const manifest = await files.find(`${base}.mf`)
  const listed = manifest === null ? [] : await findListed(files, parseDigests(await readSmall(manifest, mostManifestBytes)), descriptor)
  const disks: SealDisk[] = []
  for (const { name, file, controller } of drives) {
    const image = await findNeeded(files, file)
    disks.push({ name, controller, role: disks.length === 0 ? 'system' : 'user', path: image.path, image })
  }
  const used = new Set(drives.map(({ file }) => file))
  const unused = [...new Set([...descriptor.files.values(), ...files.names.filter((name) => !known.has(name))])].filter((name) => !used.has(name))
  return {
    hardware: machine.hardware,
    disks,
    eula: descriptor.eula,
    notes: [
      ...(manifest === null ? ['it has no manifest (`.mf`): nothing tells whether its files are whole'] : []),
      ...((await files.find(`${base}.cert`)) === null ? [] : ['its signature (`.cert`) is not checked']),
      ...machine.notes,
      ...notes,
      ...descriptor.notes,
      ...unused.map((name) => `its file ${quote(name)} is left out`),
    ],
    checkDigests: (onProgress, signal) => checkDigests(listed, onProgress, signal),
    close: () => files.close(),
  }
}

async function findListed(files: ApplianceFiles, digests: ReadonlyMap<string, Digest>, descriptor: Descriptor): Promise<readonly Listed[]> {
  for (const name of [files.descriptor, ...descriptor.files.values()]) {
    if (!digests.has(name)) throw wrongDigest(`it does not list ${quote(name)}`)
  }
  const listed: Listed[] = []
  for (const [name, digest] of digests) {
    const image = await files.find(name)
    if (image === null) throw wrongDigest(`it lists ${quote(name)}, which is missing`)
    listed.push({ name, digest, image })
  }
  return listed
}

async function checkDigests(
  listed: readonly Listed[],
  onProgress: (bytesRead: number, bytesTotal: number) => void,
  signal?: AbortSignal,
): Promise<void> {
  const total = listed.reduce((sum, { image }) => sum + image.length, 0)
  let done = 0
  for (const { name, digest, image } of listed) {
    const onBytes = (count: number) => {
      done += count
      onProgress(done, total)
    }
    await checkDigest(image, name, digest, onBytes, signal)
    await checkUnchanged(image)
  }
}

async function findNeeded(files: ApplianceFiles, name: string): Promise<ImageFile> {
  const image = await files.find(name)
  if (image === null) throw invalid(`its file ${quote(name)} is missing`)
  return image
}

async function readSmall(image: ImageFile, most: number): Promise<Buffer> {
  if (image.length > most) throw invalid(`expected ${quote(image.path)} with at most ${most} bytes, found ${image.length}`)
  const bytes = Buffer.alloc(image.length)
  await readImage(image, 0, bytes)
  return bytes
}
