// SPDX-License-Identifier: Apache-2.0
//
// The v86 child: an inherited control socket in, one VM out. It holds no secret, has no network of its own, may read only what v86
// needs, and ends with its parent.
import { parseChildConfig, parseChildRequest } from '../child-config.ts'
import { installBrowserGlobals } from './browser-globals.ts'
import { Control, describe } from './control.ts'
import { loadV86 } from './load-v86.ts'
import { Machine } from './machine.ts'

const clock = installBrowserGlobals()
const control = new Control()
process.on('uncaughtException', (error) => control.fatal(error))
process.on('unhandledRejection', (error) => control.fatal(error))

const [module = '', wasm = ''] = process.argv.slice(2)
// While the parent finds out what machine it is to be.
const loading = loadV86(module, wasm)
loading.catch(() => undefined)
const first = await control.messages.next()
if (first.done === true) process.exit(0)
const machine = new Machine(control, clock)
await machine.open(parseChildConfig(first.value), loading)
control.send({ type: 'ready' })
for await (const message of control.messages) {
  const request = parseChildRequest(message)
  const { id } = request
  if (request.action === 'count-disks') {
    control.send({ type: 'counted', id, disks: machine.counters() })
    continue
  }
  machine.act(request).then(
    () => control.send({ type: 'done', id }),
    (error: unknown) => control.send({ type: 'failed', id, ...describe(error) }),
  )
}
process.exit(0)
