// SPDX-License-Identifier: Apache-2.0
//
// The daemon as a process that a test kills: the product's own, but for the probe of engines, which takes seconds and finds nothing here.
import { startDaemon } from '../daemon/start-daemon.ts'

const [data = ''] = process.argv.slice(2)
const uplink = { available: false, code: 'uplink-missing', message: 'none in this test' } as const
const usb = { available: false, code: 'usb-missing', message: 'none in this test' } as const
await startDaemon({ data, tickMs: 50, probe: async () => ({ engines: [], uplink, usb, scripts: false, folders: false }) })
process.stdout.write('ready\n')
