// SPDX-License-Identifier: Apache-2.0
//
// Writes the `newc` cpio format that the Linux kernel unpacks as its first root file system
// (Documentation/driver-api/early-userspace/buffer-format.rst): owner root, time 0, so equal input gives equal bytes.

export type CpioEntry =
  | { readonly kind: 'folder'; readonly path: string }
  | { readonly kind: 'file'; readonly path: string; readonly mode: number; readonly content: Uint8Array }
  | { readonly kind: 'link'; readonly path: string; readonly target: string }

const FORMAT_BITS = { folder: 0o040755, file: 0o100000, link: 0o120777 }

const padding = (length: number) => Buffer.alloc((4 - (length % 4)) % 4)

function record(inode: number, mode: number, path: string, content: Uint8Array): Buffer {
  const name = Buffer.from(`${path}\0`, 'utf8')
  const fields = [inode, mode, 0, 0, 1, 0, content.length, 0, 0, 0, 0, name.length, 0]
  const header = Buffer.from(`070701${fields.map((field) => field.toString(16).padStart(8, '0').toUpperCase()).join('')}`, 'ascii')
  return Buffer.concat([header, name, padding(header.length + name.length), content, padding(content.length)])
}

/** `entries` in their order (a folder before what is in it), paths without a leading slash; ends with the trailer. */
export function writeCpio(entries: readonly CpioEntry[]): Buffer {
  const records = entries.map((entry, index) => {
    const content = entry.kind === 'file' ? entry.content : entry.kind === 'link' ? Buffer.from(entry.target, 'utf8') : Buffer.alloc(0)
    const mode = entry.kind === 'file' ? FORMAT_BITS.file | entry.mode : FORMAT_BITS[entry.kind]
    return record(index + 1, mode, entry.path, content)
  })
  return Buffer.concat([...records, record(0, 0, 'TRAILER!!!', Buffer.alloc(0))])
}
