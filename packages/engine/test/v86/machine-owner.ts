// SPDX-License-Identifier: Apache-2.0
//
// Opens and starts the machine given as JSON, says its process id, and waits to be killed.
import { createV86Backend } from '../../src/v86/backend.ts'
import { V86Machine } from '../../src/v86/machine.ts'

const vm = await createV86Backend().open(JSON.parse(process.argv[2] ?? ''))
await vm.start()
console.log(vm instanceof V86Machine ? vm.pid : 'none')
setInterval(() => undefined, 60_000)
