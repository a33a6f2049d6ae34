// SPDX-License-Identifier: Apache-2.0
//
// The Debian system of system-image.ts on a disk that a BIOS boots: a FAT partition with syslinux, its kernel and initrd, then its root file
// system. It says `login:` on its serial port.
import { mkdtemp, open, readdir, readFile, rm, stat, truncate, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { findHostTools } from '../tools/demo-guest/host-tools.ts'
import { runProgram } from './run-program.ts'
import { cached, systemImage } from './system-image.ts'

const mebibyte = 1 << 20
const boot = { start: mebibyte, size: 128 * mebibyte }
const rootStart = boot.start + boot.size

export function bootableImage(): Promise<string> {
  return cached('bootable.img', async (image) => {
    const system = await systemImage()
    const tools = await findHostTools()
    const work = await mkdtemp(join(dirname(image), 'boot-'))
    try {
      await writeFile(image, '', { flag: 'wx' })
      await truncate(image, rootStart)
      const partition = `${image}@@${boot.start}`
      const env = { MTOOLSRC: '/dev/null', MTOOLS_SKIP_CHECK: '1' }
      const geometry = ['-T', String(boot.size / 512), '-h', '64', '-s', '32', '-H', String(boot.start / 512)]
      await runProgram(tools.mformat, ['-i', partition, ...geometry, '::'], { env })
      await runProgram(tools.syslinux, ['--install', '--offset', String(boot.start), image])
      await runProgram(tools.debugfs, ['-R', `rdump /boot ${work}`, system])
      const files = await readdir(join(work, 'boot'))
      for (const [kind, as] of Object.entries({ vmlinuz: 'vmlinuz', 'initrd.img': 'initrd.img' })) {
        const name = files.find((file) => file.startsWith(kind))
        if (name === undefined) throw new Error(`the system has no ${kind}`)
        await runProgram(tools.mcopy, ['-i', partition, join(work, 'boot', name), `::${as}`], { env })
      }
      const settings = join(work, 'syslinux.cfg')
      await writeFile(
        settings,
        'DEFAULT linux\nPROMPT 0\nLABEL linux\n  LINUX vmlinuz\n  INITRD initrd.img\n  APPEND root=/dev/sda2 rw console=ttyS0 mitigations=off\n',
      )
      await runProgram(tools.mcopy, ['-i', partition, settings, '::'], { env })
      await runProgram('dd', [`if=${system}`, `of=${image}`, 'bs=1M', `seek=${rootStart / mebibyte}`, 'conv=sparse,notrunc'])
      await using file = await open(image, 'r+')
      const { size } = await stat(system)
      await file.truncate(rootStart + size)
      await file.write(bootRecord(await readFile(tools['mbr.bin']), size), 0, 512, 0)
      await file.sync()
    } finally {
      await rm(work, { recursive: true, force: true })
    }
  })
}

/** Boot code, two entries, 55 aa. */
function bootRecord(code: Buffer, rootSize: number): Buffer {
  const sector = Buffer.alloc(512)
  code.copy(sector, 0, 0, 440)
  const entry = (at: number, flag: number, type: number, start: number, size: number) => {
    sector.set([flag, 0xfe, 0xff, 0xff, type, 0xfe, 0xff, 0xff], at)
    sector.writeUInt32LE(start / 512, at + 8)
    sector.writeUInt32LE(size / 512, at + 12)
  }
  entry(446, 0x80, 0x0e, boot.start, boot.size)
  entry(462, 0, 0x83, rootStart, rootSize)
  sector.writeUInt16LE(0xaa55, 510)
  return sector
}
