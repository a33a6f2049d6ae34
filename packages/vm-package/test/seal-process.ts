// SPDX-License-Identifier: Apache-2.0
//
// Seals one disk and prints its counts: a process that a test can kill. Arguments: image, store, package key in hex.
import { sealPackage } from '../src/seal.ts'
import { openFolderStore } from '../src/store/folder-store.ts'

const [path = '', folder = '', key = ''] = process.argv.slice(2)
const { stats } = await sealPackage({
  name: 'killed',
  version: '1',
  createdAt: '2026-01-31T12:00:00Z',
  hardware: { firmware: 'bios', chipset: 'i440fx', cpus: 1, memoryMiB: 128, video: 'std', network: null },
  disks: [{ name: 'system', role: 'system', controller: 'ide', path }],
  orgKey: new Uint8Array(32).fill(7),
  packageKey: Buffer.from(key, 'hex'),
  store: await openFolderStore(folder),
})
process.stdout.write(JSON.stringify(stats))
