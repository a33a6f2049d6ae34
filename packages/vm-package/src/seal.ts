// SPDX-License-Identifier: Apache-2.0
//
// Sealing a package: every disk becomes chunks, pages and a root page in the store, and the manifest names the roots. Roots are stored
// last, once all that they lead to is durable, and nothing refers to a root before the manifest exists: a seal that fails, is cancelled
// or killed leaves whole objects that the next one uses, never a part of one. It does not publish, and it keeps no key.
import { parseTemplate, sealTemplate } from './customization/template.ts'
import { readEula } from './eula.ts'
import type { Hardware } from './hardware.ts'
import { sealRoot } from './index/root.ts'
import { checkKey } from './keys.ts'
import { encodeManifest, type Manifest, type ManifestDisk, manifestSha256 } from './manifest.ts'
import { type PackageScript, sealScripts } from './scripts/package-scripts.ts'
import type { SealNote } from './seal/note.ts'
import { ObjectIntake } from './seal/object-intake.ts'
import { checkRoom } from './seal/room.ts'
import { sealRegions } from './seal/seal-regions.ts'
import { bootNotes } from './source/boot-hints.ts'
import type { DiskSource } from './source/disk-source.ts'
import type { ImageFile } from './source/image-file.ts'
import { openDiskSource } from './source/open-source.ts'
import { claimForWriting } from './store/claim.ts'
import type { ObjectStore } from './store/object-store.ts'

const minRuntime = '0.1.0'

export interface SealDisk extends Pick<ManifestDisk, 'name' | 'role' | 'controller'> {
  /** A disk image: raw, also compressed (gzip, xz, zstd), qcow2, VMDK, VDI, VHD or VHDX. */
  readonly path: string
  /** An image that is open already and stays so, such as one within an OVA, in place of what `path` names. */
  readonly image?: ImageFile
}

export interface SealProgress {
  readonly disk: string
  /** Of all disks. */
  readonly bytesRead: number
  readonly bytesTotal: number
  readonly chunks: number
  /** Of `chunks`: known from an earlier seal and still in the store, so that they were read and no more. */
  readonly reusedChunks: number
  readonly newObjects: number
  /** Of the new objects. */
  readonly storedBytes: number
}

export interface SealRequest {
  readonly name: string
  readonly version: string
  /** UTC, whole seconds: `2026-01-31T12:00:00Z`. */
  readonly createdAt: string
  readonly hardware: Hardware
  /** The first one boots and is the system disk. */
  readonly disks: readonly SealDisk[]
  readonly validity?: Manifest['validity']
  /** UTF-8 text that users accept before activation; an object of the store in clear, since it is read before there is a key. */
  readonly eula?: Uint8Array
  /** Of `encodeTemplate`: files of the medium that each instance is given. */
  readonly customization?: Uint8Array
  /** Those that policies may have a device run. */
  readonly scripts?: readonly PackageScript[]
  /** K_org, 32 bytes. */
  readonly orgKey: Uint8Array
  /** 32 bytes, fresh for each call (`newPackageKey`): two packages under one key would share a nonce. */
  readonly packageKey: Uint8Array
  readonly store: ObjectStore
  /** Called before the long part. */
  readonly onNote?: (note: SealNote) => void
  readonly onProgress?: (progress: SealProgress) => void
  readonly signal?: AbortSignal
}

export interface SealedPackage {
  /** The bytes that are approved. */
  readonly manifest: Buffer
  /** Of `manifest`, in hex. */
  readonly sha256: string
  readonly stats: Omit<SealProgress, 'disk'>
}

interface OpenDisk {
  readonly disk: SealDisk
  readonly source: DiskSource
}

/**
 * What is wrong with the request or with a disk image is found before the long part.
 * @throws PackageError `manifest-invalid`, `eula-invalid`, `customization-invalid`, `scripts-invalid`, `key-invalid`, `source-unreadable`, `source-changed`, `disk-empty`, `disk-invalid`,
 * `disk-too-large`, `store-full`, `store-busy`, `store-unwritable`, `claim-lapsed`, `seal-cancelled`.
 */
export async function sealPackage(request: SealRequest): Promise<SealedPackage> {
  checkKey(request.orgKey, 'organisation key')
  checkKey(request.packageKey, 'package key')
  if (request.eula !== undefined) readEula(request.eula)
  if (request.customization !== undefined) parseTemplate(request.customization)
  const opened: OpenDisk[] = []
  try {
    for (const disk of request.disks) opened.push({ disk, source: await openDiskSource(disk.image ?? disk.path) })
    encodeManifest(
      manifestOf(
        request,
        opened.map(({ disk, source }) => describeDisk(disk, source.size, '0'.repeat(64))),
      ),
    )
    const [system] = opened
    const room = await checkRoom(
      request.store,
      opened.map(({ source }) => source),
    )
    const boot = system === undefined ? [] : bootNotes(system.disk.name, system.source.head)
    for (const note of [...room, ...boot]) request.onNote?.(note)
    return await sealClaimed(request, opened)
  } finally {
    await Promise.all(opened.map(({ source }) => source.close()))
  }
}

/** Nothing is deleted from the store meanwhile, as it would be if this stood still for too long: then nothing may refer to what was put. */
async function sealClaimed(request: SealRequest, opened: readonly OpenDisk[]): Promise<SealedPackage> {
  const claim = await claimForWriting(request.store, request.signal)
  try {
    const sealed = await sealDisks(request, opened)
    claim.check()
    return sealed
  } finally {
    await claim.release()
  }
}

async function sealDisks(request: SealRequest, opened: readonly OpenDisk[]): Promise<SealedPackage> {
  const { packageKey, store, eula, customization, scripts = [] } = request
  const intake = new ObjectIntake(
    request,
    opened.reduce((sum, { source }) => sum + source.size, 0),
  )
  const disks: ManifestDisk[] = []
  const roots: { readonly name: string; readonly bytes: Buffer }[] = []
  try {
    for (const { disk, source } of opened) {
      const pages = await sealRegions(source, intake, (blocks) => intake.tell(disk.name, blocks))
      await source.checkUnchanged()
      const root = sealRoot(packageKey, disk.name, source.size, pages)
      roots.push(root)
      disks.push(describeDisk(disk, source.size, root.name))
    }
    await intake.settle()
    for (const { name, bytes } of roots) await intake.put(name, bytes)
    if (eula !== undefined) await intake.put(manifestSha256(eula), Buffer.from(eula))
    if (customization !== undefined) {
      const object = sealTemplate(packageKey, customization)
      await intake.put(object.name, object.bytes)
    }
    if (scripts.length > 0) {
      const { field, bytes } = sealScripts(packageKey, scripts)
      await intake.put(field.sha256, bytes)
    }
    await store.sync()
  } finally {
    await intake.close()
  }
  const manifest = encodeManifest(manifestOf(request, disks))
  return { manifest, sha256: manifestSha256(manifest), stats: intake.stats }
}

function describeDisk({ name, role, controller }: SealDisk, size: number, root: string): ManifestDisk {
  return { name, role, size, controller, root }
}

function manifestOf(request: SealRequest, disks: ManifestDisk[]): Manifest {
  return {
    format: 'casemate-package-1',
    name: request.name,
    version: request.version,
    createdAt: request.createdAt,
    minRuntime,
    hardware: request.hardware,
    disks,
    validity: request.validity ?? { notBefore: null, notAfter: null },
    ...(request.customization === undefined ? {} : { customization: { sha256: sealTemplate(request.packageKey, request.customization).name } }),
    eula: request.eula === undefined ? null : { sha256: manifestSha256(request.eula) },
    scripts: request.scripts === undefined || request.scripts.length === 0 ? [] : sealScripts(request.packageKey, request.scripts).field,
    prefetch: null,
    warmState: null,
  }
}
