// SPDX-License-Identifier: Apache-2.0
//
// One guest's port of an isolated network in a process of its own. Options as JSON in the first argument, `{"open":false}` and the like on
// its input; events as lines of JSON on its output, after each line of its input who is there and what was counted.
import { createInterface } from 'node:readline'
import { joinIsolatedLan } from '../../src/network/isolated-lan.ts'

const say = (event: object) => process.stdout.write(`${JSON.stringify(event)}\n`)
const lan = await joinIsolatedLan({ ...JSON.parse(process.argv[2] ?? '{}'), onEvent: say })
say({ ready: true, address: lan.address })
let told = 0
for await (const line of createInterface({ input: process.stdin })) {
  const { open }: { open?: boolean } = JSON.parse(line)
  if (open !== undefined) lan.setOpen(open)
  told++
  say({ told, neighbours: lan.neighbours, counters: lan.counters() })
}
await lan.close()
