// SPDX-License-Identifier: Apache-2.0
//
// Serves one disk of a sealed package over NBD as a session host does, its objects all on this computer: `serve-package.ts FOLDER SOCKET`,
// where FOLDER is what read.bench.ts has prepared.
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { parseManifest } from '../packages/vm-package/src/manifest.ts'
import { serveNbd } from '../packages/vm-package/src/nbd/serve.ts'
import { openChunkCache } from '../packages/vm-package/src/read/chunk-cache.ts'
import { openPackageDisk } from '../packages/vm-package/src/read/package-device.ts'

const [folder, socketPath] = process.argv.slice(2)
if (folder === undefined || socketPath === undefined) throw new Error('usage: serve-package.ts FOLDER SOCKET')

const [disk] = parseManifest(await readFile(join(folder, 'manifest.json'))).disks
if (disk === undefined) throw new Error('the package has no disk')
const origin = { has: async () => false, get: async () => null }
const cache = await openChunkCache({ folder: join(folder, 'store'), limitBytes: Number.MAX_SAFE_INTEGER, origin })
const opened = await openPackageDisk({
  disk,
  packageKey: await readFile(join(folder, 'package.key')),
  origin,
  cache,
  scratch: { folder, limitBytes: 2 ** 30 },
})
await serveNbd({ socketPath, exports: new Map([['', opened]]) })
