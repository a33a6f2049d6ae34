// SPDX-License-Identifier: Apache-2.0
import { BENCH_PACKAGES, ensureDebianPackages, GUEST_PACKAGES, QEMU_PACKAGES, TEST_PACKAGES, V86_PACKAGES } from './debian.mjs'
import { ensureInstalled, runWithNode } from './install.mjs'

await ensureInstalled()
await ensureDebianPackages([...GUEST_PACKAGES, ...V86_PACKAGES, ...QEMU_PACKAGES, ...TEST_PACKAGES, ...BENCH_PACKAGES])
runWithNode('bench/main.ts', process.argv.slice(2))
