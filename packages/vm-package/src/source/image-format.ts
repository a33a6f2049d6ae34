// SPDX-License-Identifier: Apache-2.0
//
// What kind of image a file is, by its own bytes, and whether it says that its content lies elsewhere. Looked at here before any
// program opens it: an image is somebody else's, and one that names a backing, data or extent file would have it read for its author.
import { PackageError } from '../error.ts'

/** By the names of QEMU's drivers. */
export type DriverFormat = 'qcow2' | 'vmdk' | 'vdi' | 'vpc' | 'vhdx'
export type StreamFormat = 'gzip' | 'xz' | 'zstd'
export type ImageFormat = 'raw' | DriverFormat | StreamFormat

export const headBytes = 65_536
const sectorBytes = 512

/**
 * @param head the first 65,536 bytes, or all. @param tail the last 512.
 * @throws PackageError `image-refers-elsewhere`, `image-unsupported`
 */
export function recogniseImage(path: string, head: Buffer, tail: Buffer): ImageFormat {
  const image = new Image(path, head)
  if (image.has('QFI\xfb', 0)) return checkQcow2(image)
  if (image.has('KDMV', 0)) return checkVmdk(image)
  if (image.has('# Disk DescriptorFile', 0)) throw image.elsewhere('a VMDK descriptor, whose content lies in other files')
  if (image.has('COWD', 0)) throw image.unsupported('a VMDK of VMware ESX')
  if (image.has('\x7f\x10\xda\xbe', 64)) return 'vdi'
  if (image.has('vhdxfile', 0)) return 'vhdx'
  if (image.has('conectix', 0)) return checkVhd(image, head)
  if (image.has('\x1f\x8b', 0)) return 'gzip'
  if (image.has('\xfd7zXZ\0', 0)) return 'xz'
  if (image.has('\x28\xb5\x2f\xfd', 0)) return 'zstd'
  if (image.has('ustar', 257)) throw image.unsupported('a tar archive; if it is an OVA, seal it with `--appliance`')
  if (image.has('CD001', 32_769)) throw image.unsupported('an ISO image of a CD')
  // A fixed VHD is a raw disk with a footer.
  if (tail.length === sectorBytes && tail.toString('latin1', 0, 8) === 'conectix') return checkVhd(image, tail)
  return 'raw'
}

class Image {
  readonly #path: string
  readonly head: Buffer

  constructor(path: string, head: Buffer) {
    this.#path = path
    this.head = head
  }

  has(magic: string, at: number): boolean {
    return this.head.toString('latin1', at, at + magic.length) === magic
  }

  elsewhere(why: string): PackageError {
    return new PackageError('image-refers-elsewhere', `\`${this.#path}\`: expected an image that holds all of its content, found ${why}`)
  }

  unsupported(what: string): PackageError {
    return new PackageError('image-unsupported', `\`${this.#path}\`: expected a disk image that can be sealed, found ${what}`)
  }
}

/** docs/interop/qcow2.txt of QEMU. */
function checkQcow2(image: Image): 'qcow2' {
  const { head } = image
  if (head.length < 104) throw image.unsupported('a qcow2 image that ends within its header')
  const version = head.readUInt32BE(4)
  if (version !== 2 && version !== 3) throw image.unsupported(`qcow2 version ${version}`)
  if (head.readBigUInt64BE(8) !== 0n) throw image.elsewhere('a qcow2 image with a backing file')
  if (head.readUInt32BE(32) !== 0) throw image.unsupported('an encrypted qcow2 image')
  const externalData = 4n
  if (version === 3 && (head.readBigUInt64BE(72) & externalData) !== 0n) throw image.elsewhere('a qcow2 image with a data file')
  return 'qcow2'
}

/** VMware's "Virtual Disk Format 5.0": capacity zero means that the descriptor inside names the extents. */
function checkVmdk(image: Image): 'vmdk' {
  const { head } = image
  if (head.length < sectorBytes) throw image.unsupported('a VMDK that ends within its header')
  if (head.readBigUInt64LE(12) === 0n) throw image.elsewhere('a VMDK whose descriptor names its extents')
  const [at, sectors] = [head.readBigUInt64LE(28), head.readBigUInt64LE(36)]
  const [from, to] = [Number(at) * sectorBytes, Number(at + sectors) * sectorBytes]
  if (to > headBytes) throw image.unsupported('a VMDK whose descriptor is not at its beginning')
  const descriptor = head.toString('latin1', from, to)
  if (/^\s*parentFileNameHint\s*=/im.test(descriptor) || !/^parentCID=ffffffff\s*$/im.test(descriptor)) throw image.elsewhere('a VMDK with a parent')
  return 'vmdk'
}

/** Microsoft's "Virtual Hard Disk Image Format Specification": disk types 2 fixed, 3 dynamic, 4 differencing. */
function checkVhd(image: Image, footer: Buffer): 'vpc' {
  const type = footer.length < 64 ? 0 : footer.readUInt32BE(60)
  if (type === 4) throw image.elsewhere('a differencing VHD')
  if (type !== 2 && type !== 3) throw image.unsupported(`a VHD of type ${type}`)
  return 'vpc'
}
