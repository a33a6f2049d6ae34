// SPDX-License-Identifier: Apache-2.0
import { ensureDebianPackages, GUEST_PACKAGES, QEMU_PACKAGES, V86_PACKAGES } from './debian.mjs'
import { ensureInstalled, runWithNode } from './install.mjs'

const [script, ...args] = process.argv.slice(2)
if (script === undefined) {
  console.error('usage: node tools/with-node.mjs SCRIPT.ts [ARGUMENT ...]')
  process.exit(2)
}
await ensureInstalled()
await ensureDebianPackages([...GUEST_PACKAGES, ...V86_PACKAGES, ...QEMU_PACKAGES])
runWithNode(script, args)
