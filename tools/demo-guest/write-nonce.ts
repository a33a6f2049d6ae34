// SPDX-License-Identifier: Apache-2.0
//
// Makes a demo disk that can be told from every other one: a copy of the built images with a nonce of its own on the
// system disk, so that `proof` on the guest's screen shows which bytes it runs from.
import { mkdir, mkdtemp, open, rename, rm, stat } from 'node:fs/promises'
import { dirname, join, resolve } from 'node:path'
import type { Progress } from '../progress.mjs'
import { buildDemoGuest, type DemoImages } from './build.ts'
import { replaceNonce, replaceRelease } from './demo-record.ts'
import { DemoGuestError } from './error.ts'
import { runTool } from './run-tool.ts'

/**
 * Writes `nonce` (64 hexadecimal digits) into a copy of `system.raw`, in place and durably.
 * @throws DemoGuestError `value-invalid`, `image-invalid`
 */
export async function writeNonce(systemRawCopy: string, nonce: string): Promise<void> {
  await using file = await open(systemRawCopy, 'r+')
  await replaceNonce(file, nonce)
  await file.sync()
}

/** As `writeNonce`, for the number that the guest's screen shows as its release (0 to 999999). */
export async function writeRelease(systemRawCopy: string, release: number): Promise<void> {
  await using file = await open(systemRawCopy, 'r+')
  await replaceRelease(file, release)
  await file.sync()
}

export interface PrepareSettings {
  readonly cache: string
  /** Folder to be made; must not exist. */
  readonly out: string
  readonly nonce: string
  readonly release: number
  readonly progress?: Progress
}

/**
 * Copies the built disks (building them first where needed) to `out`, sparse and sharing blocks where the file system
 * can, with `nonce` and `release` written. `out` appears whole or not at all.
 * @throws DemoGuestError `output-exists`, `value-invalid`, and whatever `buildDemoGuest` throws
 */
export async function prepareDisk({ cache, out, nonce, release, progress }: PrepareSettings): Promise<DemoImages> {
  const folder = resolve(out)
  const taken = await stat(folder).then(
    () => true,
    () => false,
  )
  if (taken) throw new DemoGuestError('output-exists', `\`${folder}\` exists, expected a folder to be made`)
  const built = await buildDemoGuest({ cache, ...(progress === undefined ? {} : { progress }) })
  await mkdir(dirname(folder), { recursive: true })
  const work = await mkdtemp(`${folder}.part-`)
  try {
    await runTool({ program: 'cp', args: ['--sparse=always', '--reflink=auto', built.system, built.user, built.machine, work] })
    await writeNonce(join(work, 'system.raw'), nonce)
    await writeRelease(join(work, 'system.raw'), release)
    await rename(work, folder)
  } catch (cause) {
    await rm(work, { recursive: true, force: true })
    throw cause
  }
  return { folder, system: join(folder, 'system.raw'), user: join(folder, 'user.raw'), machine: join(folder, 'machine.yaml') }
}
