// SPDX-License-Identifier: Apache-2.0
//
// The build as two cached steps: unpacked packages, then images. A step's result is a folder named by a hash of all that
// goes into it; it is made under another name and renamed when whole, so an interrupted run leaves nothing that looks
// finished, and a second run finds what the first has done.
import { createHash } from 'node:crypto'
import { mkdir, readdir, readFile, rename, rm, stat, symlink, writeFile } from 'node:fs/promises'
import { basename, join, resolve } from 'node:path'
import { Progress } from '../progress.mjs'
import { type DebianSource, fetchPackages, hostDebianSource, PACKAGES } from './debian-packages.ts'
import { writeSystemDisk, writeUserDisk } from './disk-image.ts'
import { ownedBy } from './file-owners.ts'
import { findHostTools, type HostTools } from './host-tools.ts'
import { buildInitrd } from './initrd.ts'
import { ModuleTree } from './kernel-modules.ts'
import { MACHINE_FILE } from './machine-file.ts'
import { exists, makeOnce } from './make-once.ts'
import { onlyEntry } from './only-entry.ts'
import { writeHomeFiles, writeRootFiles } from './root-files.ts'
import { runTool } from './run-tool.ts'

const USER_ID = 1000
const silent = new Progress({ write: () => undefined })

/** Absolute paths. */
export interface DemoImages {
  readonly folder: string
  readonly system: string
  readonly user: string
  readonly machine: string
}

export interface BuildSettings {
  readonly cache: string
  /** Where packages come from; the mirror that this computer's apt uses unless told. */
  readonly source?: DebianSource
  /** Told each step that takes time, and how it goes; nobody is told without it. */
  readonly progress?: Progress
}

const shortHash = (value: unknown) => createHash('sha256').update(JSON.stringify(value)).digest('hex').slice(0, 16)

/** SHA-256 over this tool's own files: a changed recipe makes new images. Tests are no part of the recipe. */
async function recipeHash(): Promise<string> {
  const entries = await readdir(import.meta.dirname, { recursive: true, withFileTypes: true })
  const files = entries.filter((entry) => entry.isFile() && !entry.name.endsWith('.test.ts') && !entry.parentPath.endsWith('/test'))
  const hash = createHash('sha256')
  for (const path of files.map((entry) => join(entry.parentPath, entry.name)).sort()) {
    const content = await readFile(path)
    hash.update(`${path.slice(import.meta.dirname.length)}\0${content.length}\0`).update(content)
  }
  return hash.digest('hex')
}

async function unpackPackages(tools: HostTools, cache: string, source: DebianSource, work: string, progress: Progress): Promise<void> {
  for (const path of await fetchPackages(tools, PACKAGES, join(cache, 'downloads'), source, progress))
    await progress.during(`unpacking ${basename(path)}`, () => runTool({ program: tools['dpkg-deb'], args: ['-x', path, work] }))
}

async function writeImages(tools: HostTools, packages: string, work: string): Promise<void> {
  const kernel = await onlyEntry(join(packages, 'boot'), /^vmlinuz-/)
  const modules = await ModuleTree.open(join(await onlyEntry(join(packages, 'lib/modules'), /^[0-9]/), 'kernel'))
  const busybox = await readFile(join(packages, 'bin/busybox'))
  const parts = join(work, 'parts')
  const root = join(parts, 'root')
  const home = join(parts, 'home')
  for (const folder of [root, home]) await mkdir(folder, { recursive: true })
  await writeRootFiles(root, { busybox, modules })
  await writeHomeFiles(home)
  const boot = { kernel, initrd: await buildInitrd(busybox, modules) }
  await writeSystemDisk(tools, { image: join(work, 'system.raw'), work: parts, boot, folder: root, owned: await ownedBy(root, 0) })
  await writeUserDisk(tools, join(work, 'user.raw'), home, await ownedBy(home, USER_ID))
  await writeFile(join(work, 'machine.yaml'), MACHINE_FILE)
  await rm(parts, { recursive: true })
}

/** Removes what interrupted runs and earlier recipes left behind. A day's grace: another run may still be at work. */
async function removeLeftovers(cache: string, keep: string): Promise<void> {
  const limit = Date.now() - 24 * 60 * 60 * 1000
  for (const name of await readdir(cache)) {
    const path = join(cache, name)
    const leftover = name.includes('.part-') || name.startsWith('images-')
    // Another run may remove it first.
    const changed = await stat(path).then(
      (found) => found.mtimeMs,
      () => limit,
    )
    if (leftover && path !== keep && changed < limit) await rm(path, { recursive: true, force: true })
  }
}

/** Points `<cache>/current` at `folder` in one step. */
async function markCurrent(cache: string, folder: string): Promise<void> {
  const next = join(cache, `current.${process.pid}`)
  await rm(next, { force: true })
  await symlink(folder, next)
  await rename(next, join(cache, 'current'))
}

/**
 * Builds the demo machine's disks below `cache`, or finds them there.
 * @throws DemoGuestError `tool-missing` with the command that installs what is missing; `download-failed`; `tool-failed`
 */
export async function buildDemoGuest({ cache, source, progress = silent }: BuildSettings): Promise<DemoImages> {
  const base = resolve(cache)
  const recipe = await recipeHash()
  const folder = join(base, `images-${recipe.slice(0, 16)}`)
  if (!(await exists(folder))) {
    const tools = await findHostTools()
    await mkdir(base, { recursive: true })
    const packages = join(base, `packages-${shortHash(PACKAGES)}`)
    await makeOnce(packages, async (work) => {
      const from = source ?? (await hostDebianSource(tools))
      progress.tell(`fetching kernel and userland from ${from.mirror}`)
      await unpackPackages(tools, base, from, work, progress)
    })
    await makeOnce(folder, (work) => {
      progress.tell('writing disk images')
      return progress.during('disk images', () => writeImages(tools, packages, work))
    })
    await removeLeftovers(base, folder)
  }
  await markCurrent(base, folder)
  return { folder, system: join(folder, 'system.raw'), user: join(folder, 'user.raw'), machine: join(folder, 'machine.yaml') }
}
