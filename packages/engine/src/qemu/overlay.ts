// SPDX-License-Identifier: Apache-2.0
//
// Makes the qcow2 files that a VM writes into: LUKS under a 256-bit key, no backing name written. A file is there whole and durable or not at all.
// Where `qemu-img` has to fill it, the key reaches that through an inherited descriptor. LUKS authenticates nothing: altered sectors read as garbage.
import { randomBytes } from 'node:crypto'
import { link, lstat, mkdir, open, rm } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import { EngineError } from '../error.ts'
import type { NbdExport } from '../virtual-machine.ts'
import { type Bind, type Box, runContained } from './containment.ts'
import { emptyBox, findInstallation, programFolders } from './installation.ts'
import { passphraseOf } from './passphrase.ts'
import { newQcow2Image } from './qcow2-image.ts'

export interface NewOverlay {
  /** Must not exist; its folder must. */
  readonly file: string
  /** 32 random bytes; whoever opens the overlay needs the same. */
  readonly key: Uint8Array
  /** Of the disk as the guest sees it: the base's size, or larger. A multiple of 512. */
  readonly sizeBytes: number
}

const convertDeadlineMs = 30 * 60_000
const inBox = { key: '/vm/key', sourceKey: '/vm/source-key', out: '/vm/out', image: '/vm/out/overlay.qcow2', template: '/vm/template.sock' } as const

/**
 * An empty overlay: over a base it shows the base, alone it reads as zeros. Starts no program.
 * @throws EngineError `overlay-exists`; `spec-invalid` for a key or size that cannot be.
 */
export async function createOverlay(overlay: NewOverlay): Promise<void> {
  await makeOverlay(overlay, async () => undefined)
}

/**
 * A disk of its own, first filled with all of `template`, which may be smaller than it.
 * @throws EngineError as `createOverlay`; `image-failed` with the words of `qemu-img` when the template cannot be read or is larger than the disk;
 * `engine-missing`, `containment-missing`, `firmware-missing`.
 */
export async function createFilledOverlay(overlay: NewOverlay, template: NbdExport): Promise<void> {
  if (/[^\x20-\x7e]/.test(template.name)) throw new EngineError('spec-invalid', `an NBD export cannot be named \`${template.name}\``)
  const from = `driver=nbd,server.type=unix,server.path=${inBox.template},export=${template.name.replaceAll(',', ',,')}`
  const source = { file: { host: template.socket, inside: inBox.template }, options: ['--target-is-zero'], from, secret: null, below: '' }
  await makeOverlay(overlay, (part, passphrase) => convertInto(part, passphrase, source))
}

/** What `qemu-img` reads from. */
export interface ConvertSource {
  readonly file: Bind
  readonly options: readonly string[]
  readonly from: string
  /** Named `source-key` in `from`; null where nothing is to be opened. */
  readonly secret: Uint8Array | null
  /** Options of the new image that say what lies below it. */
  readonly below: string
}

/** Puts a new overlay in its place, whole and durable, once `fillIt` has written into the empty one. @throws EngineError as `createOverlay` */
export async function makeOverlay(overlay: NewOverlay, fillIt: (part: string, passphrase: Uint8Array) => Promise<void>): Promise<void> {
  if (overlay.key.length !== 32) throw new EngineError('spec-invalid', `an overlay key has 32 bytes, found \`${overlay.key.length}\``)
  if (await isThere(overlay.file)) throw exists(overlay.file)
  const part = join(dirname(overlay.file), `.${basename(overlay.file)}.part`)
  const made = join(part, basename(inBox.image))
  // A leftover of a crash; two makers of one file would be the caller's mistake, and `link` lets only one of them win.
  await rm(part, { recursive: true, force: true })
  await mkdir(part, { mode: 0o700 })
  const passphrase = passphraseOf(overlay.key)
  try {
    await writeEmpty(made, overlay.sizeBytes, passphrase)
    await fillIt(part, passphrase)
    await sync(made)
    await publish(made, overlay.file)
  } finally {
    passphrase.fill(0)
    await rm(part, { recursive: true, force: true })
  }
  await sync(dirname(overlay.file))
}

async function writeEmpty(path: string, sizeBytes: number, passphrase: Uint8Array): Promise<void> {
  const image = emptyImage(sizeBytes, passphrase)
  const handle = await open(path, 'wx', 0o600)
  try {
    await handle.truncate(image.fileBytes)
    for (const { offset, bytes } of image.pieces) {
      for (let done = 0; done < bytes.length; ) done += (await handle.write(bytes, done, bytes.length - done, offset + done)).bytesWritten
    }
  } finally {
    await handle.close()
  }
}

function emptyImage(sizeBytes: number, passphrase: Uint8Array): ReturnType<typeof newQcow2Image> {
  try {
    return newQcow2Image(sizeBytes, passphrase, randomBytes)
  } catch (error) {
    throw error instanceof RangeError ? new EngineError('spec-invalid', error.message, error) : error
  }
}

/** @throws EngineError `image-failed` with the words of `qemu-img`; `engine-missing`, `containment-missing`, `firmware-missing` */
export async function convertInto(part: string, passphrase: Uint8Array, source: ConvertSource): Promise<void> {
  const installation = await findInstallation(programFolders)
  const keys = [{ inside: inBox.key, bytes: passphrase }, ...(source.secret === null ? [] : [{ inside: inBox.sourceKey, bytes: source.secret }])]
  const box: Box = {
    ...emptyBox(installation, installation.qemuImg),
    readOnly: [source.file],
    writable: [{ host: part, inside: inBox.out }],
    memoryFiles: keys.map((key) => ({ ...key, writable: false })),
  }
  const secrets = ['--object', `secret,id=key,file=${inBox.key}`]
  if (source.secret !== null) secrets.push('--object', `secret,id=source-key,file=${inBox.sourceKey}`)
  const to = `driver=qcow2,file.driver=file,file.filename=${inBox.image},encrypt.format=luks,encrypt.key-secret=key${source.below}`
  // Without --target-image-opts qemu-img leaves the disk empty; `-t writeback` flushes at the end, the default never does.
  const options = ['-n', ...source.options, '-t', 'writeback', ...secrets, '--image-opts', '--target-image-opts']
  const { code, lastWords } = await runContained(box, ['convert', ...options, source.from, to], convertDeadlineMs)
  if (code !== 0) throw new EngineError('image-failed', `\`qemu-img convert\` ended with ${code ?? 'a signal'}: ${lastWords}`)
}

async function isThere(file: string): Promise<boolean> {
  return lstat(file).then(
    () => true,
    (error: NodeJS.ErrnoException) => {
      if (error.code === 'ENOENT') return false
      throw error
    },
  )
}

/** `link` refuses to replace, which `rename` would do. */
async function publish(made: string, file: string): Promise<void> {
  await link(made, file).catch((error: NodeJS.ErrnoException) => {
    throw error.code === 'EEXIST' ? exists(file) : error
  })
}

function exists(file: string): EngineError {
  return new EngineError('overlay-exists', `the overlay \`${file}\` exists already`)
}

async function sync(path: string): Promise<void> {
  const handle = await open(path, 'r')
  try {
    await handle.sync()
  } finally {
    await handle.close()
  }
}
