// SPDX-License-Identifier: Apache-2.0
//
// Real Debian systems as raw images of ext4, made by mmdebstrap from the mirror that this computer's apt uses; kept in the cache folder.
// Root is needed: a system has files of many owners, and one version is updated in place through a mount.
import { constants } from 'node:fs'
import { access, copyFile, mkdir, mkdtemp, rename, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { hostDebianSource } from '../tools/demo-guest/debian-packages.ts'
import { findHostTools } from '../tools/demo-guest/host-tools.ts'
import { runProgram } from './run-program.ts'

const folder = join(import.meta.dirname, '../.cache/bench')
const imageSize = '4G'
const first = ['linux-image-amd64', 'build-essential', 'git', 'vim-nox', 'emacs-nox', 'python3-scipy', 'openssh-server', 'default-jre-headless']
const more = ['postgresql', 'nginx', 'nodejs', 'imagemagick']

/** About 2 GB of files. */
export function systemImage(): Promise<string> {
  return cached('system.img', (image) => bootstrap(image, first))
}

/** The same system, with packages installed in it since. */
export function updatedImage(): Promise<string> {
  return cached('updated.img', async (image) => {
    await copyFile(await systemImage(), image, constants.COPYFILE_FICLONE)
    const root = await mkdtemp(join(folder, 'root-'))
    await runProgram('mount', ['-o', 'loop', image, root])
    try {
      await copyFile('/etc/resolv.conf', join(root, 'etc/resolv.conf'))
      // No service is to start in there (policy-rc.d, Debian's invoke-rc.d).
      await writeFile(join(root, 'usr/sbin/policy-rc.d'), '#!/bin/sh\nexit 101\n', { mode: 0o755 })
      const env = { DEBIAN_FRONTEND: 'noninteractive', LC_ALL: 'C' }
      await runProgram('chroot', [root, 'apt-get', 'update', '-q'], { env })
      await runProgram('chroot', [root, 'apt-get', 'install', '-y', '-q', '--no-install-recommends', ...more], { env })
      await runProgram('chroot', [root, 'apt-get', 'clean'], { env })
    } finally {
      await runProgram('umount', [root])
      await rm(root, { recursive: true })
    }
  })
}

/** The same packages as in the updated one, made from nothing. */
export function rebuiltImage(): Promise<string> {
  return cached('rebuilt.img', (image) => bootstrap(image, [...first, ...more]))
}

async function bootstrap(image: string, packages: readonly string[]): Promise<void> {
  const { mirror, suite } = await hostDebianSource(await findHostTools())
  const root = await mkdtemp(join(folder, 'root-'))
  try {
    // What it mounts in there is to vanish with it: the folder is removed afterwards.
    await runProgram('unshare', [
      '--mount',
      'mmdebstrap',
      '--mode=root',
      '--variant=important',
      `--include=${packages.join(',')}`,
      suite,
      root,
      mirror,
    ])
    await runProgram('mke2fs', ['-q', '-t', 'ext4', '-d', root, image, imageSize])
  } finally {
    await rm(root, { recursive: true, force: true })
  }
}

/** @param name in the cache folder; made when it is not there. */
export async function cached(name: string, make: (image: string) => Promise<void>): Promise<string> {
  const path = join(folder, name)
  if (
    await access(path).then(
      () => true,
      () => false,
    )
  )
    return path
  await mkdir(folder, { recursive: true })
  process.stderr.write(`making ${path}\n`)
  await rm(`${path}.part`, { force: true })
  await make(`${path}.part`)
  await rename(`${path}.part`, path)
  return path
}
