// SPDX-License-Identifier: Apache-2.0
//
// A process that opens and starts one VM and then waits to be killed. Arguments: the VM spec as JSON (disks over writable NBD), the cache folder.
import { createQemuBackend } from '../../src/qemu/backend.ts'
import type { VmSpec } from '../../src/virtual-machine.ts'

const [spec, cacheFolder] = process.argv.slice(2)
if (spec === undefined || cacheFolder === undefined) throw new Error('expected a spec and a folder')
const parsed: VmSpec = JSON.parse(spec)
const vm = await createQemuBackend({ cacheFolder }).open(parsed)
await vm.start()
process.stdout.write('running\n')
