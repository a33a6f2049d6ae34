// SPDX-License-Identifier: Apache-2.0
//
// The switch in a process of its own, so that a test can run it in a network namespace. Options as JSON in the first argument, changes
// as one line of JSON each on its input; events as lines of JSON on its output, `{"rules":n}` after the n-th replacement.
import { createInterface } from 'node:readline'
import { type NetworkRules, startNetwork } from '../../src/network/switch.ts'

const say = (event: object) => process.stdout.write(`${JSON.stringify(event)}\n`)
const options: { socket: string; mac: string; rules: NetworkRules; kbitPerSecond: number | null; nameServers?: string[] } = JSON.parse(
  process.argv[2] ?? '{}',
)
const network = await startNetwork({ ...options, onEvent: say })
say({ ready: true })
let replaced = 0
for await (const line of createInterface({ input: process.stdin })) {
  const change: { rules?: NetworkRules; kbitPerSecond?: number | null } = JSON.parse(line)
  if (change.rules !== undefined) network.setRules(change.rules)
  if (change.kbitPerSecond !== undefined) network.setRate(change.kbitPerSecond)
  replaced++
  say({ rules: replaced, counters: network.counters() })
}
await network.close()
