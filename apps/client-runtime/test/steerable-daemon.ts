// SPDX-License-Identifier: Apache-2.0
//
// The daemon with a clock that the story steers: seconds to add to the system clock, read from a file each time it is looked at. An entry of
// the tests' own; the product's takes no time from outside.
import { readFileSync } from 'node:fs'
import { systemClock } from '../daemon/clock/system-clock.ts'
import { startDaemon } from '../daemon/start-daemon.ts'

const [data = '', engine = '', offsetFile = ''] = process.argv.slice(2)
const clock = systemClock()
const wall = () => clock.wall() + Number(readFileSync(offsetFile, 'utf8'))
const daemon = await startDaemon({ data, engine: engine === 'v86' ? 'v86' : 'qemu', clock: { ...clock, wall }, tickMs: 1000 })
process.stdout.write(`${JSON.stringify({ ready: true, socket: daemon.socket })}\n`)
process.once('SIGTERM', () => void daemon.close().then(() => process.exit(0)))
