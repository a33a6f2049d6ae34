// SPDX-License-Identifier: Apache-2.0
//
// A process that does one thing with snapshots and is killed with SIGKILL right before the change to the file system whose number it is given;
// it says how many it made where it came to the end. Arguments: data folder, what, snapshot or word, number.
import fs from 'node:fs/promises'
import { syncBuiltinESMExports } from 'node:module'

const [data = '', what = '', subject = '', at = ''] = process.argv.slice(2)
let changes = 0

function count(): void {
  changes += 1
  if (changes === Number(at)) process.kill(process.pid, 'SIGKILL')
}

for (const name of ['copyFile', 'mkdir', 'rename', 'rm', 'open'] as const) {
  const real: (...args: never[]) => Promise<unknown> = fs[name]
  Object.assign(fs, {
    [name]: async (...args: never[]) => {
      if (!(name === 'open' && args[1] === 'r')) count()
      const result = await real(...args)
      if (name === 'open' && typeof result === 'object' && result !== null) countWrites(result)
      return result
    },
  })
}
syncBuiltinESMExports()

function countWrites(handle: object): void {
  for (const name of ['write', 'truncate'] as const) {
    const real: unknown = Reflect.get(handle, name)
    if (typeof real !== 'function') continue
    Reflect.set(handle, name, (...args: unknown[]) => {
      count()
      return real.apply(handle, args)
    })
  }
}

const { machineAt, ownerIn } = await import('./kept-instance.ts')
const owner = ownerIn(data)
if (what === 'take') {
  const { takeSnapshot } = await import('../../session-host/snapshots/take.ts')
  await takeSnapshot(owner, machineAt(owner, subject), `at ${subject}`, 1)
} else if (what === 'revert') {
  const { carryOutRevert, planRevert } = await import('../../session-host/snapshots/revert.ts')
  await planRevert(owner, subject)
  await (await carryOutRevert(owner))?.done()
} else {
  const { deleteSnapshot } = await import('../../session-host/snapshots/change.ts')
  await deleteSnapshot(owner, subject)
}
process.stdout.write(String(changes))
