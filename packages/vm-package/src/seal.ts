// SPDX-License-Identifier: Apache-2.0
//
// Sealing a package: every disk becomes chunks, pages and a root page in the store, and the manifest names the roots. Nothing refers
// to a root before the manifest exists, and roots are stored last: a seal that fails or is cancelled leaves whole objects that the
// next one uses, never a part of one. It does not publish, and it keeps no key.

import { encodeMessage } from './chunk/codec.ts'
import { blockBytes } from './chunk/cut.ts'
import { runsOfRegion } from './chunk/runs.ts'
import { sealMessage } from './chunk/seal.ts'
import { forEachConcurrent } from './concurrent.ts'
import { parseTemplate, sealTemplate } from './customization/template.ts'
import { PackageError } from './error.ts'
import { readEula } from './eula.ts'
import { type Entry, encodeEntries } from './index/pages.ts'
import { blocksOfRegion, type PageRef, regionBytes, sealRoot } from './index/root.ts'
import { checkKey } from './keys.ts'
import { encodeManifest, type Hardware, type Manifest, type ManifestDisk, manifestSha256 } from './manifest.ts'
import { type DiskSource, openDiskSource } from './source.ts'
import { claimForWriting } from './store/claim.ts'
import type { ObjectStore } from './store/object-store.ts'

/** Enough for the compressor's threads and for several fsyncs at once; each holds at most a chunk of 1 MiB and its object. */
const concurrentChunks = 8
const minRuntime = '0.1.0'

export interface SealDisk extends Pick<ManifestDisk, 'name' | 'role' | 'controller'> {
  /** A raw disk image. */
  readonly path: string
}

export interface SealProgress {
  readonly disk: string
  /** Of all disks. */
  readonly bytesRead: number
  readonly bytesTotal: number
  readonly chunks: number
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
  /** K_org, 32 bytes. */
  readonly orgKey: Uint8Array
  /** 32 bytes, fresh for each call (`newPackageKey`): two packages under one key would share a nonce. */
  readonly packageKey: Uint8Array
  readonly store: ObjectStore
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

interface Job {
  readonly request: SealRequest
  readonly stats: { bytesRead: number; bytesTotal: number; chunks: number; newObjects: number; storedBytes: number }
  readonly putting: Map<string, Promise<boolean>>
}

/**
 * What is wrong with the request or with a disk image is found before the long part.
 * @throws PackageError `manifest-invalid`, `eula-invalid`, `customization-invalid`, `key-invalid`, `source-unreadable`, `source-changed`, `disk-empty`, `disk-invalid`,
 * `disk-too-large`, `store-busy`, `store-unwritable`, `claim-lapsed`, `seal-cancelled`.
 */
export async function sealPackage(request: SealRequest): Promise<SealedPackage> {
  checkKey(request.orgKey, 'organisation key')
  checkKey(request.packageKey, 'package key')
  if (request.eula !== undefined) readEula(request.eula)
  if (request.customization !== undefined) parseTemplate(request.customization)
  const opened: OpenDisk[] = []
  try {
    for (const disk of request.disks) opened.push({ disk, source: await openDiskSource(disk.path) })
    encodeManifest(
      manifestOf(
        request,
        opened.map(({ disk, source }) => describeDisk(disk, source.size, '0'.repeat(64))),
      ),
    )
    const bytesTotal = opened.reduce((sum, { source }) => sum + source.size, 0)
    const stats = { bytesRead: 0, bytesTotal, chunks: 0, newObjects: 0, storedBytes: 0 }
    return await sealClaimed({ request, stats, putting: new Map() }, opened)
  } finally {
    await Promise.all(opened.map(({ source }) => source.close()))
  }
}

/** Nothing is deleted from the store meanwhile, as it would be if this stood still for too long: then nothing may refer to what was put. */
async function sealClaimed(job: Job, opened: readonly OpenDisk[]): Promise<SealedPackage> {
  const claim = await claimForWriting(job.request.store, job.request.signal)
  try {
    const sealed = await sealDisks(job, opened)
    claim.check()
    return sealed
  } finally {
    await claim.release()
  }
}

async function sealDisks(job: Job, opened: readonly OpenDisk[]): Promise<SealedPackage> {
  const { packageKey, store } = job.request
  const disks: ManifestDisk[] = []
  const roots: { readonly name: string; readonly bytes: Buffer }[] = []
  for (const { disk, source } of opened) {
    const pages = await sealRegions(job, disk.name, source)
    await source.checkUnchanged()
    const root = sealRoot(packageKey, disk.name, source.size, pages)
    roots.push(root)
    disks.push(describeDisk(disk, source.size, root.name))
  }
  for (const { name, bytes } of roots) await put(job, name, bytes)
  const { customization, eula } = job.request
  if (customization !== undefined) {
    const object = sealTemplate(packageKey, customization)
    await put(job, object.name, object.bytes)
  }
  if (eula !== undefined) await put(job, manifestSha256(eula), Buffer.from(eula))
  await store.sync()
  const manifest = encodeManifest(manifestOf(job.request, disks))
  return { manifest, sha256: manifestSha256(manifest), stats: job.stats }
}

async function sealRegions(job: Job, disk: string, source: DiskSource): Promise<readonly PageRef[]> {
  const pages: PageRef[] = []
  while (pages.length * regionBytes < source.size) {
    const offset = pages.length * regionBytes
    pages.push(await sealRegion(job, disk, source, offset, blocksOfRegion(source.size, pages.length)))
  }
  return pages
}

async function sealRegion(job: Job, disk: string, source: DiskSource, offset: number, blocks: number): Promise<PageRef> {
  const { orgKey, signal } = job.request
  const entries: Entry[] = []
  const runs = runsOfRegion(offset, blocks, (at, into) => {
    if (signal?.aborted) throw new PackageError('seal-cancelled', 'the seal was cancelled', signal.reason)
    return source.read(at, into)
  })
  await forEachConcurrent(withIndex(runs), concurrentChunks, async ([index, run]) => {
    entries[index] = { blocks: run.blocks, object: null }
    if (run.bytes !== null) {
      const sealed = sealMessage('chunk', orgKey, await encodeMessage(run.bytes))
      entries[index] = { blocks: run.blocks, object: { name: sealed.name, key: sealed.key, storedLength: sealed.bytes.length } }
      await put(job, sealed.name, sealed.bytes)
      job.stats.chunks += 1
    }
    job.stats.bytesRead += run.blocks * blockBytes
    job.request.onProgress?.({ disk, ...job.stats })
  })
  const page = sealMessage('page', orgKey, await encodeMessage(encodeEntries(entries)))
  await put(job, page.name, page.bytes)
  return { name: page.name, key: page.key, storedLength: page.bytes.length, entries: entries.length }
}

async function* withIndex<T>(items: AsyncIterable<T>): AsyncGenerator<readonly [number, T]> {
  let index = 0
  for await (const item of items) yield [index++, item]
}

/** Equal chunks often come close together: an object that is being stored already is waited for, not stored and counted twice. */
async function put({ request, stats, putting }: Job, name: string, bytes: Buffer): Promise<void> {
  const under = putting.get(name)
  if (under !== undefined) return void (await under)
  const stored = request.store.put(name, bytes).finally(() => putting.delete(name))
  putting.set(name, stored)
  if (!(await stored)) return
  stats.newObjects += 1
  stats.storedBytes += bytes.length
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
    scripts: [],
    prefetch: null,
    warmState: null,
  }
}
