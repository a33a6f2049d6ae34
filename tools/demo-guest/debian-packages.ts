// SPDX-License-Identifier: Apache-2.0
//
// Fetches Debian packages through an apt root of its own: the host's package state is neither read nor changed,
// and no root rights are needed. apt checks every package against the archive's signature.
import { mkdir, mkdtemp, readdir, rename, rm, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { Progress } from '../progress.mjs'
import { DemoGuestError } from './error.ts'
import type { HostTools } from './host-tools.ts'
import { runTool } from './run-tool.ts'

export interface DebianSource {
  readonly mirror: string
  readonly suite: string
}

/** The last release with a kernel for 32-bit computers: Debian 12. */
const SUITE = 'bookworm'

/**
 * The mirror that this computer's own apt is set to use.
 * @param uris what `apt-get update --print-uris` prints: a line each, `'<mirror>/dists/<suite>/InRelease' ...`
 * @throws DemoGuestError `download-failed` when it uses none
 */
export function debianSource(uris: string): DebianSource {
  for (const [, mirror, suite] of uris.matchAll(/^'(https?:\/\/[^' ]+)\/dists\/([^' /]+)\/InRelease'/gm)) {
    // Security and update suites have a mirror or a suffix of their own and hold no whole release.
    if (mirror?.endsWith('/debian') && suite !== undefined && !suite.includes('-')) return { mirror, suite: SUITE }
  }
  throw new DemoGuestError('download-failed', 'the sources of apt on this computer name no Debian mirror')
}

/** @throws DemoGuestError `download-failed`, `tool-failed` */
export async function hostDebianSource(tools: HostTools): Promise<DebianSource> {
  return debianSource(await runTool({ program: tools['apt-get'], args: ['update', '--print-uris'] }))
}

export interface WantedPackages {
  readonly architecture: 'i386' | 'amd64'
  /** A meta package: it stands for the newest kernel of the suite. */
  readonly kernel: string
  readonly others: readonly string[]
}

export const PACKAGES: WantedPackages = { architecture: 'i386', kernel: 'linux-image-686', others: ['busybox-static'] }

async function createAptRoot(folder: string, source: DebianSource, keyring: string, architecture: string): Promise<readonly string[]> {
  await mkdir(join(folder, 'state/lists/partial'), { recursive: true })
  await mkdir(join(folder, 'cache/archives/partial'), { recursive: true })
  await mkdir(join(folder, 'sources.list.d'), { recursive: true })
  await writeFile(join(folder, 'status'), '')
  await writeFile(join(folder, 'sources.list'), `deb [signed-by=${keyring}] ${source.mirror} ${source.suite} main\n`)
  return [
    `Dir::State=${folder}/state`,
    `Dir::State::status=${folder}/status`,
    `Dir::Cache=${folder}/cache`,
    `Dir::Etc::sourcelist=${folder}/sources.list`,
    `Dir::Etc::sourceparts=${folder}/sources.list.d`,
    `APT::Architecture=${architecture}`,
    `APT::Architectures=${architecture}`,
    // Run as root, apt would fetch as a user who may not write into our folder.
    'APT::Sandbox::User=',
    'Acquire::Languages=none',
    'Acquire::Retries=3',
  ].flatMap((option) => ['-o', option])
}

/** The package that the meta package stands for at present. */
function kernelPackage(meta: string, dependencies: string): string {
  const name = /^\s*Depends: (linux-image-\d\S+)$/m.exec(dependencies)?.[1]
  if (name === undefined) throw new DemoGuestError('download-failed', `\`${meta}\` names no kernel package, found \`${dependencies.trim()}\``)
  return name
}

/**
 * Downloads the packages, the kernel first, into `folder` and returns the paths of the `.deb` files. What an interrupted run has
 * already downloaded whole is not fetched again.
 * @throws DemoGuestError `download-failed`
 */
export async function fetchPackages(
  tools: HostTools,
  { architecture, kernel: meta, others }: WantedPackages,
  folder: string,
  source: DebianSource,
  progress: Progress,
): Promise<readonly string[]> {
  await mkdir(folder, { recursive: true })
  const root = await mkdtemp(`${folder}.part-`)
  try {
    const options = await createAptRoot(root, source, tools['debian-archive-keyring.gpg'], architecture)
    await progress.during('lists of Debian packages', () => runTool({ program: tools['apt-get'], args: [...options, '-q', 'update'] }))
    const kernel = kernelPackage(meta, await runTool({ program: tools['apt-cache'], args: [...options, 'depends', meta] }))
    const paths: string[] = []
    const names = [kernel, ...others]
    for (const [at, name] of names.entries()) {
      paths.push(await fetchOne({ tools, options, root, folder, progress }, name, `package ${at + 1} of ${names.length}, ${name}`))
    }
    return paths
  } catch (cause) {
    if (cause instanceof DemoGuestError && cause.code === 'tool-failed') {
      throw new DemoGuestError('download-failed', `cannot fetch Debian packages from \`${source.mirror}\`: ${cause.message}`, cause)
    }
    throw cause
  } finally {
    await rm(root, { recursive: true, force: true })
  }
}

interface Fetching {
  readonly tools: HostTools
  readonly options: readonly string[]
  readonly root: string
  readonly folder: string
  readonly progress: Progress
}

/** @param what it is called while it comes. */
async function fetchOne({ tools, options, root, folder, progress }: Fetching, name: string, what: string): Promise<string> {
  // '<address>' <file name> <bytes> <algorithm>:<hash>
  const line = await runTool({ program: tools['apt-get'], args: [...options, '--print-uris', 'download', name] })
  const [, file, bytes] = /^'[^']+' (\S+\.deb) ([0-9]+) /m.exec(line) ?? []
  if (file === undefined || file.includes('/'))
    throw new DemoGuestError('download-failed', `apt names no file for \`${name}\`, found \`${line.trim()}\``)
  if (!(await readdir(folder)).includes(file)) {
    const fetch = () => runTool({ program: tools['apt-get'], args: [...options, '-q', 'download', name], folder: root })
    await progress.during(what, fetch, async () => {
      const { size } = await stat(join(root, file))
      return `${megabytes(size)} of ${megabytes(Number(bytes))} MB`
    })
    await rename(join(root, file), join(folder, file))
  }
  return join(folder, file)
}

const megabytes = (bytes: number): string => (bytes / 1e6).toFixed(1)
