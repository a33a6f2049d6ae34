// SPDX-License-Identifier: Apache-2.0
//
// Every kind of image is sealed into the same package as the raw disk that it was made from; what cannot be is refused by name.
import { execFileSync } from 'node:child_process'
import { hash } from 'node:crypto'
import { copyFile, open, readFile, truncate, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { gzipSync, zstdCompressSync } from 'node:zlib'
import { describe, expect, it } from 'vitest'
import { newPackageKey } from '../src/keys.ts'
import { openPackageDisk } from '../src/read/package-device.ts'
import { sealPackage } from '../src/seal.ts'
import { openDiskSource } from '../src/source/open-source.ts'
import { openFolderStore } from '../src/store/folder-store.ts'
import { hardware, mixedDisk, orgKey, systemDisk, temporaryFolder } from './disks.ts'

const createdAt = '2026-01-31T12:00:00Z'
const qemuImg = (...args: readonly string[]) => execFileSync('qemu-img', args, { stdio: ['ignore', 'ignore', 'pipe'] })

/** A raw disk of 8 MiB, most of it a hole, and a way to make an image of it. */
async function prepare() {
  const folder = await temporaryFolder()
  const raw = join(folder, 'disk.raw')
  await writeFile(raw, mixedDisk())
  await truncate(raw, 8_388_608)
  const convert = (format: string, ...options: readonly string[]) => {
    const path = join(folder, `disk.${format}`)
    qemuImg('convert', '-f', 'raw', '-O', format, ...options, raw, path)
    return path
  }
  return { folder, raw, convert }
}

async function sealedContent(path: string): Promise<{ readonly stored: number; readonly sha256: string }> {
  const store = await openFolderStore(join(await temporaryFolder(), 'store'))
  const packageKey = newPackageKey()
  const disks = [{ name: 'system', role: 'system' as const, controller: 'ide' as const, path }]
  const sealed = await sealPackage({ name: 'a', version: '1', createdAt, hardware, disks, orgKey, packageKey, store })
  const disk = await openPackageDisk({ disk: systemDisk(sealed), packageKey, origin: store })
  return { stored: sealed.stats.storedBytes, sha256: hash('sha256', await disk.read(0, disk.size), 'hex') }
}

/** Bytes of a file from `offset` on are replaced. */
async function patch(path: string, offset: number, bytes: Uint8Array): Promise<void> {
  const file = await open(path, 'r+')
  await file.write(bytes, 0, bytes.length, offset)
  await file.close()
}

describe('an image is sealed as the raw disk that it holds', () => {
  const formats: readonly (readonly string[])[] = [
    ['qcow2'],
    ['qcow2', '-c'],
    ['qcow2', '-o', 'compat=0.10'],
    ['vmdk'],
    ['vmdk', '-o', 'subformat=streamOptimized'],
    ['vdi'],
    ['vdi', '-o', 'static=on'],
    ['vpc', '-o', 'force_size=on'],
    ['vpc', '-o', 'subformat=fixed,force_size=on'],
    ['vhdx'],
  ]
  it.each(formats)('%s %s %s', async (...words) => {
    const { raw, convert } = await prepare()
    const [format = '', ...options] = words.filter((word) => typeof word === 'string')
    expect(await sealedContent(convert(format, ...options))).toEqual(await sealedContent(raw))
  })

  it.each(['gz', 'xz', 'zst'])('.img.%s', async (kind) => {
    const { folder, raw } = await prepare()
    const path = join(folder, `disk.img.${kind}`)
    const bytes = await readFile(raw)
    const pack = { gz: () => gzipSync(bytes), zst: () => zstdCompressSync(bytes), xz: () => execFileSync('xz', ['-c', raw], { maxBuffer: 2 ** 26 }) }
    await writeFile(path, pack[kind as keyof typeof pack]())
    expect(await sealedContent(path)).toEqual(await sealedContent(raw))
  })

  it('with its zeros known, not read', async () => {
    const { raw, convert } = await prepare()
    for (const path of [raw, convert('qcow2')]) {
      const source = await openDiskSource(path)
      expect(await source.extent(4_194_304, 4_194_304)).toEqual({ length: 4_194_304, zero: true })
      expect(await source.extent(0, 4096)).toMatchObject({ zero: false })
      await source.close()
    }
  })
})

describe('an image is refused', () => {
  const refusedCases: readonly [string, string, (paths: Awaited<ReturnType<typeof prepare>>) => Promise<string> | string][] = [
    [
      'that names a backing file',
      'image-refers-elsewhere',
      ({ folder, raw }) => {
        qemuImg('create', '-f', 'qcow2', '-b', raw, '-F', 'raw', join(folder, 'over.qcow2'))
        return join(folder, 'over.qcow2')
      },
    ],
    [
      'that names a data file',
      'image-refers-elsewhere',
      ({ folder, convert }) => convert('qcow2', '-o', `data_file=${join(folder, 'data')},data_file_raw=on`),
    ],
    ['that is a VMDK descriptor', 'image-refers-elsewhere', ({ convert }) => convert('vmdk', '-o', 'subformat=monolithicFlat')],
    [
      'that is a VMDK with a parent',
      'image-refers-elsewhere',
      ({ folder, convert }) => {
        qemuImg('create', '-f', 'vmdk', '-b', convert('vmdk'), '-F', 'vmdk', join(folder, 'over.vmdk'))
        return join(folder, 'over.vmdk')
      },
    ],
    [
      'that is a differencing VHD',
      'image-refers-elsewhere',
      async ({ convert }) => {
        const path = convert('vpc', '-o', 'force_size=on')
        await patch(path, 60, Buffer.of(0, 0, 0, 4))
        return path
      },
    ],
    [
      'that is an archive',
      'image-unsupported',
      ({ folder, raw }) => {
        execFileSync('tar', ['-cf', join(folder, 'disk.ova'), '-C', folder, raw.slice(folder.length + 1)])
        return join(folder, 'disk.ova')
      },
    ],
    [
      'that holds another image, compressed',
      'image-unsupported',
      async ({ folder, convert }) => {
        await writeFile(join(folder, 'disk.qcow2.gz'), gzipSync(await readFile(convert('qcow2'))))
        return join(folder, 'disk.qcow2.gz')
      },
    ],
    [
      'whose tables are damaged',
      'image-damaged',
      async ({ convert }) => {
        const path = convert('qcow2')
        await patch(path, 40, Buffer.alloc(8, 0x7f))
        return path
      },
    ],
    [
      'whose compressed bytes are cut off',
      'image-damaged',
      async ({ folder, raw }) => {
        const packed = gzipSync(await readFile(raw))
        await writeFile(join(folder, 'disk.img.gz'), packed.subarray(0, packed.length - 100))
        return join(folder, 'disk.img.gz')
      },
    ],
    [
      'whose compressed bytes are altered, by its check sum',
      'image-damaged',
      async ({ folder, raw }) => {
        execFileSync('xz', ['-k', raw])
        const path = join(folder, 'disk.raw.xz')
        await patch(path, 5000, Buffer.alloc(16))
        return path
      },
    ],
    [
      'whose compressed bytes are not of whole sectors',
      'disk-invalid',
      async ({ folder }) => {
        await writeFile(join(folder, 'disk.img.zst'), zstdCompressSync(Buffer.alloc(1000, 1)))
        return join(folder, 'disk.img.zst')
      },
    ],
  ]
  it.each(refusedCases)('%s, %s', async (_, code, make) => {
    const path = await make(await prepare())
    await expect(openDiskSource(path)).rejects.toMatchObject({ code })
  })

  it('where its compressed bytes are altered, once they are read, image-damaged, and is read where they are intact', async () => {
    const { convert } = await prepare()
    const path = convert('vmdk', '-o', 'subformat=streamOptimized')
    // The second grain, behind a first one of random bytes, which takes 129 sectors: the beginning of a disk is read when it is opened.
    const firstGrain = Number((await readFile(path)).readBigUInt64LE(64)) * 512
    await patch(path, firstGrain + 129 * 512 + 2000, Buffer.alloc(16))
    const source = await openDiskSource(path)
    await expect(source.read(131_072, Buffer.alloc(4096))).resolves.toBeUndefined()
    await expect(source.read(65_536, Buffer.alloc(4096))).rejects.toMatchObject({ code: 'image-damaged' })
    await source.close()
  })

  it('when it changes after it was opened, and is not when it stays', async () => {
    const { convert } = await prepare()
    const path = convert('qcow2')
    const source = await openDiskSource(path)
    await expect(source.checkUnchanged()).resolves.toBeUndefined()
    await copyFile(path, `${path}.copy`)
    await patch(path, 1_000_000, Buffer.alloc(1))
    await expect(source.checkUnchanged()).rejects.toMatchObject({ code: 'source-changed' })
    await source.close()
  })
})
