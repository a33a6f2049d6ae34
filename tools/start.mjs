// SPDX-License-Identifier: Apache-2.0
//
// `npm start`: installs what is missing, then hands over to tools/start/main.ts under the installed Node.
import { ensureDebianPackages, GUEST_PACKAGES, V86_PACKAGES } from './debian.mjs'
import { ensureInstalled, runWithNode } from './install.mjs'

ensureInstalled()
ensureDebianPackages([...GUEST_PACKAGES, ...V86_PACKAGES])
runWithNode('tools/start/main.ts', process.argv.slice(2))
