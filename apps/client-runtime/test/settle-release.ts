// SPDX-License-Identifier: Apache-2.0
//
// Child of old-releases.test.ts: settles a release again and again, beside old disks that it makes anew each time, until it is killed.
import { writeFile } from 'node:fs/promises'
import { layoutOf } from '../layout.ts'
import { settleRelease } from '../session-host/old-releases.ts'

const [data = ''] = process.argv.slice(2)
const instance = layoutOf(data).instance('i1')
const sha256 = (character: string) => character.repeat(64)
process.stdout.write('ready\n')
for (;;) {
  for (let disk = 0; disk < 30; disk++) await writeFile(instance.systemDisk(`d${disk}`, sha256('c'), 'v86'), 'old')
  await settleRelease(instance, { packageSha256: sha256('b'), end: 'guest-off', ranSeconds: 1, keep: 1 })
}
