// SPDX-License-Identifier: Apache-2.0
//
// Runs before anything is installed: no dependencies, Node 20 understands it.
import { spawn } from 'node:child_process'
import { existsSync } from 'node:fs'
import { Progress } from './progress.mjs'

/** Debian package -> a file that shows it is there. */
const PROOFS = {
  python3: '/usr/bin/python3',
  make: '/usr/bin/make',
  'g++': '/usr/bin/g++',
  'qemu-system-x86': '/usr/bin/qemu-system-i386',
  'qemu-utils': '/usr/bin/qemu-img',
  seabios: '/usr/share/seabios/vgabios-stdvga.bin',
  bubblewrap: '/usr/bin/bwrap',
  passt: '/usr/bin/passt',
  mtools: '/usr/bin/mformat',
  syslinux: '/usr/bin/syslinux',
  'syslinux-common': '/usr/lib/syslinux/mbr/mbr.bin',
  e2fsprogs: '/usr/sbin/mke2fs',
  'util-linux': '/usr/bin/unshare',
  iproute2: '/usr/sbin/ip',
  'xz-utils': '/usr/bin/xz',
  'libnbd-bin': '/usr/bin/nbdinfo',
  genisoimage: '/usr/bin/isoinfo',
  chromium: '/usr/bin/chromium',
  mmdebstrap: '/usr/bin/mmdebstrap',
  restic: '/usr/bin/restic',
  borgbackup: '/usr/bin/borg',
  casync: '/usr/bin/casync',
  fio: '/usr/bin/fio',
  'tpm2-tools': '/usr/bin/tpm2',
  swtpm: '/usr/bin/swtpm',
  'swtpm-tools': '/usr/bin/swtpm_setup',
  'qemu-guest-agent': '/usr/sbin/qemu-ga',
  ovmf: '/usr/share/OVMF/OVMF_CODE_4M.fd',
}

export const BUILD_PACKAGES = ['python3', 'make', 'g++']
export const GUEST_PACKAGES = ['mtools', 'syslinux', 'syslinux-common', 'e2fsprogs']
export const V86_PACKAGES = ['seabios', 'util-linux']
export const QEMU_PACKAGES = ['qemu-system-x86', 'qemu-utils', 'bubblewrap', 'passt']
export const TEST_PACKAGES = [
  'libnbd-bin',
  'genisoimage',
  'chromium',
  'iproute2',
  'xz-utils',
  'tpm2-tools',
  'swtpm',
  'swtpm-tools',
  'qemu-guest-agent',
  'ovmf',
]
export const BENCH_PACKAGES = ['mmdebstrap', 'restic', 'borgbackup', 'casync', 'fio']

/**
 * Installs what is missing of `names` with apt when run as root; otherwise prints the exact command and exits with 3.
 * @param {string[]} names
 */
export async function ensureDebianPackages(names, progress = new Progress(process.stderr)) {
  const missing = names.filter((name) => !existsSync(PROOFS[name] ?? `/unknown/${name}`))
  if (missing.length === 0) return
  const install = ['apt-get', 'install', '-y', '--no-install-recommends', '-o', 'DPkg::Lock::Timeout=300', ...missing]
  if (process.getuid?.() !== 0 || !existsSync('/usr/bin/apt-get')) {
    console.error(`missing Debian packages. Run this once, then again what you ran:\n\n  sudo ${install.join(' ')}\n`)
    process.exit(3)
  }
  progress.tell(`installing Debian packages: ${missing.join(' ')}`)
  const there = () => `${missing.filter((name) => existsSync(PROOFS[name] ?? `/unknown/${name}`)).length} of ${missing.length} installed`
  const attempt = () => progress.during('Debian packages', () => run(install), there)
  if (await attempt()) return
  await progress.during('lists of Debian packages', () => run(['apt-get', 'update', '-q', '-o', 'DPkg::Lock::Timeout=300']))
  if (!(await attempt())) {
    console.error(`apt-get could not install: ${missing.join(' ')}`)
    process.exit(3)
  }
}

/** @returns {Promise<boolean>} whether it ended well; what it complains of is shown. */
function run([program, ...args]) {
  const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' }
  const child = spawn(program, args, { stdio: ['ignore', 'ignore', 'inherit'], env })
  return new Promise((resolve) => {
    child.on('error', () => resolve(false))
    child.on('close', (code) => resolve(code === 0))
  })
}
