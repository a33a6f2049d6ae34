// SPDX-License-Identifier: Apache-2.0
//
// A guest whose only work is to say what it sees: a kernel of Debian with the drivers of every device that the engine offers, busybox, the
// QEMU guest agent, and Perl for frames of its own making, all in its first root file system. One disk starts it under BIOS (syslinux) and UEFI
// (systemd-boot). Built once a recipe.
import { createHash } from 'node:crypto'
import { mkdir, open, readdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { zstdCompressSync } from 'node:zlib'
import { createSparse, masterBootRecord, writeBootPartition } from '../../tools/demo-guest/boot-partition.ts'
import { type CpioEntry, writeCpio } from '../../tools/demo-guest/cpio-archive.ts'
import { fetchPackages, hostDebianSource, type WantedPackages } from '../../tools/demo-guest/debian-packages.ts'
import { findHostTools, type HostTools } from '../../tools/demo-guest/host-tools.ts'
import { type KernelModule, ModuleTree } from '../../tools/demo-guest/kernel-modules.ts'
import { exists, makeOnce } from '../../tools/demo-guest/make-once.ts'
import { onlyEntry } from '../../tools/demo-guest/only-entry.ts'
import { runTool } from '../../tools/demo-guest/run-tool.ts'
import { Progress } from '../../tools/progress.mjs'

const mebibyte = 1 << 20
const guestFolder = join(import.meta.dirname, 'guest')
const cache = join(import.meta.dirname, '../../.cache/device-guest')

const packages: WantedPackages = {
  architecture: 'amd64',
  kernel: 'linux-image-amd64',
  others: [
    ...['busybox-static', 'systemd-boot-efi', 'qemu-guest-agent'],
    ...['libc6', 'libglib2.0-0', 'libpcre2-8-0', 'libudev1', 'libnuma1', 'liburing2', 'perl-base', 'libcrypt1'],
  ],
}

/** Drivers by what they are loaded for, with parameters where a driver does not find its device by itself. */
const lists: Readonly<Record<string, readonly (string | readonly [string, string])[]>> = {
  agent: ['virtio_pci', 'virtio_console'],
  disks: ['ata_piix', 'ahci', 'sym53c8xx', 'virtio_blk', 'sd_mod'],
  cd: ['sr_mod', 'isofs'],
  floppy: ['floppy'],
  network: ['e1000', 'pcnet32', '8139cp', 'ne2k-pci', 'virtio_net'],
  usb: ['uhci_hcd', 'ohci_pci', 'ehci_pci', 'xhci_pci', 'usbhid', 'hid_generic', 'evdev'],
  stick: ['usb_storage', 'sd_mod'],
  parallel: ['parport_pc', 'lp'],
  hda: ['snd_hda_codec_generic', 'snd_hda_intel'],
  ac97: ['snd_intel8x0'],
  balloon: ['virtio_balloon'],
  watchdog: [['i6300esb', 'heartbeat=2']],
  panic: ['pvpanic-mmio'],
  files: ['ext4', 'crc32c_generic'],
  folders: ['9p', '9pnet_fd'],
  variables: ['efivarfs'],
  screen: ['virtio-gpu'],
}

/** Where each library lies in its package and in the guest. */
const libraries = 'usr/lib/x86_64-linux-gnu'
const libraryNames = /^(libglib-2\.0|libgmodule-2\.0|libpcre2-8|libudev|libnuma|liburing|libcrypt|libc|libm)\.so\.[0-9.]+$/

const boot = { active: true, type: 0x0e, start: mebibyte, size: 64 * mebibyte }
const kernelArguments = ['console=ttyS0', 'quiet', 'loglevel=3', 'mitigations=off', 'no_timer_check', 'nokaslr', 'cryptomgr.notests', 'panic=0']

/** @returns the path of the raw disk image, which is read only. */
export async function buildDeviceGuest(): Promise<string> {
  const tools = await findHostTools()
  const hash = createHash('sha256').update(await readFile(import.meta.filename))
  for (const name of (await readdir(guestFolder)).sort()) hash.update(await readFile(join(guestFolder, name)))
  const folder = join(cache, `image-${hash.digest('hex').slice(0, 16)}`)
  if (await exists(folder)) return join(folder, 'device.raw')
  await mkdir(cache, { recursive: true })
  const unpacked = join(cache, `packages-${createHash('sha256').update(JSON.stringify(packages)).digest('hex').slice(0, 16)}`)
  await makeOnce(unpacked, (work) => unpack(tools, work))
  await makeOnce(folder, (work) => writeImage(tools, unpacked, work))
  return join(folder, 'device.raw')
}

async function unpack(tools: HostTools, work: string): Promise<void> {
  const progress = new Progress({ write: () => undefined })
  const files = await fetchPackages(tools, packages, join(cache, 'downloads'), await hostDebianSource(tools), progress)
  for (const file of files) await runTool({ program: tools['dpkg-deb'], args: ['-x', file, work] })
}

async function writeImage(tools: HostTools, unpacked: string, work: string): Promise<void> {
  const parts = join(work, 'parts')
  await mkdir(join(parts, 'EFI/BOOT'), { recursive: true })
  await mkdir(join(parts, 'loader/entries'), { recursive: true })
  const kernel = await onlyEntry(join(unpacked, 'boot'), /^vmlinuz-/)
  const image = join(work, 'device.raw')
  await createSparse(image, boot.start + boot.size)
  await writeBootPartition(tools, image, parts, boot, { kernel, initrd: await writeInitrd(unpacked), arguments: kernelArguments })
  await writeFile(join(parts, 'EFI/BOOT/BOOTX64.EFI'), await readFile(join(unpacked, 'usr/lib/systemd/boot/efi/systemd-bootx64.efi')))
  await writeFile(join(parts, 'loader/loader.conf'), 'timeout 0\ndefault device.conf\n')
  const entry = ['title device guest', 'linux /vmlinuz', 'initrd /initrd.img', `options ${kernelArguments.join(' ')}`]
  await writeFile(join(parts, 'loader/entries/device.conf'), `${entry.join('\n')}\n`)
  const into = ['-s', '-i', `${image}@@${boot.start}`, join(parts, 'EFI'), join(parts, 'loader'), '::']
  await runTool({ program: tools.mcopy, args: into, environment: { MTOOLSRC: '/dev/null', MTOOLS_SKIP_CHECK: '1' } })
  await using file = await open(image, 'r+')
  const record = masterBootRecord(await readFile(tools['mbr.bin']), [boot])
  await file.write(record, 0, record.length, 0)
}

async function writeInitrd(unpacked: string): Promise<Buffer> {
  const modules = await ModuleTree.open(join(await onlyEntry(join(unpacked, 'lib/modules'), /^[0-9]/), 'kernel'))
  const loaded = new Map<string, KernelModule>()
  const entries: CpioEntry[] = []
  const file = (path: string, mode: number, content: Uint8Array): void => void entries.push({ kind: 'file', path, mode, content })
  for (const path of ['bin', 'dev', 'lib64', 'modules', 'mnt', 'proc', 'run', 'sbin', 'sys', 'tmp', 'usr', 'usr/lib', 'usr/lib/x86_64-linux-gnu'])
    entries.push({ kind: 'folder', path })
  for (const [name, drivers] of Object.entries(lists)) {
    const parameters = new Map(drivers.map((driver) => (typeof driver === 'string' ? [driver, ''] : driver)))
    const ordered = await modules.inLoadingOrder([...parameters.keys()])
    for (const module of ordered) loaded.set(module.name, module)
    const lines = ordered.map((module) => `${module.name} ${parameters.get(module.name.replaceAll('-', '_')) ?? parameters.get(module.name) ?? ''}`)
    file(`modules/${name}.list`, 0o644, Buffer.from(`${lines.join('\n')}\n`))
  }
  for (const { name, content } of loaded.values()) file(`modules/${name}.ko`, 0o644, content)
  file('init', 0o755, await readFile(join(guestFolder, 'init')))
  for (const script of ['load', 'seen']) file(`bin/${script}`, 0o755, await readFile(join(guestFolder, script)))
  file('sbin/shutdown', 0o755, await readFile(join(guestFolder, 'shutdown')))
  file('bin/busybox', 0o755, await readFile(join(unpacked, 'bin/busybox')))
  file('bin/qemu-ga', 0o755, await readFile(join(unpacked, 'usr/sbin/qemu-ga')))
  // Without its library: a socket for raw frames is part of the language.
  file('bin/perl', 0o755, await readFile(join(unpacked, 'usr/bin/perl')))
  file('bin/send-frames', 0o755, await readFile(join(guestFolder, 'send-frames')))
  for (const folder of [libraries, 'lib/x86_64-linux-gnu']) {
    for (const name of (await readdir(join(unpacked, folder)).catch(() => [])).filter((found) => libraryNames.test(found)).sort())
      file(`${libraries}/${soName(name)}`, 0o755, await readFile(join(unpacked, folder, name)))
  }
  file('lib64/ld-linux-x86-64.so.2', 0o755, await readFile(join(unpacked, 'lib/x86_64-linux-gnu/ld-linux-x86-64.so.2')))
  return zstdCompressSync(writeCpio(entries))
}

/** `libglib-2.0.so.0.7400.6` is looked for as `libglib-2.0.so.0`. */
const soName = (file: string): string => file.replace(/(\.so\.[0-9]+).*$/, '$1')
