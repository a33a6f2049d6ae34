// SPDX-License-Identifier: Apache-2.0
//
// A desktop's EULA (PK-9): the approved manifest names its digest, the console delivers the text as an object of that name, and nothing is
// shown that is not exactly it.
import { objectRoutes } from '@casemate/policy/protocol'
import { sha256Hex } from '@casemate/policy/sha256'
import { mostEulaBytes, readEula } from '@casemate/vm-package/eula'
import { readWhole } from '../console/console-client.ts'
import type { Device } from '../device.ts'
import { RuntimeError } from '../error.ts'
import { readBytes } from '../state-file.ts'
import { writeWhole } from '../update/write-whole.ts'

const patienceMs = 20_000

/** @throws RuntimeError `eula-altered`, `console-refused`, `console-unreachable`; PackageError `eula-invalid` */
export async function eulaText({ layout, console }: Pick<Device, 'layout' | 'console'>, sha256: string): Promise<string> {
  const kept = await readBytes(layout.eula(sha256))
  if (kept !== undefined && (await isNamed(kept, sha256))) return readEula(kept)
  const response = await console.get(`${objectRoutes.object.prefix}${sha256}`, AbortSignal.timeout(patienceMs))
  const bytes = await readWhole(response, mostEulaBytes)
  if (response.statusCode !== 200) {
    throw new RuntimeError('console-refused', `the console does not give the licence \`${sha256}\`: HTTP status ${response.statusCode}`)
  }
  if (!(await isNamed(bytes, sha256))) throw new RuntimeError('eula-altered', 'the licence that came is not the one that was approved')
  const text = readEula(bytes)
  await writeWhole(layout.eula(sha256), bytes)
  return text
}

async function isNamed(bytes: Buffer, sha256: string): Promise<boolean> {
  return (await sha256Hex(new Uint8Array(bytes))) === sha256
}
