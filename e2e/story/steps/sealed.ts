// SPDX-License-Identifier: Apache-2.0
import { randomBytes } from 'node:crypto'
import { readdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { flipByte, restoreByte } from '../flip-byte.ts'
import { ADMIN, sealVersion } from '../make-release.ts'
import { placesOf } from '../places.ts'
import { runCommand, runOk } from '../run-command.ts'
import { expectEqual, need, type World } from '../world.ts'

/** Sealed by the administrator's CLI; the nonce is nowhere to be read, and `verify` finds one altered byte. */
export async function sealed(world: World): Promise<void> {
  const places = placesOf(world.folder)
  await writeFile(places.passphrase, randomBytes(18).toString('base64url'), { mode: 0o600 })
  await runOk(ADMIN, ['keygen', '--json', '--out', places.orgKey, '--passphrase-file', places.passphrase])
  const nonce = need(world.nonce1, 'nonce')
  world.release1 = await sealVersion(world, '1', nonce)

  const names = (await readdir(places.store, { recursive: true, withFileTypes: true }))
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name))
  for (const name of names) {
    if ((await readFile(name)).includes(nonce)) throw new Error(`the nonce stands in clear in \`${name}\``)
  }

  const verify = [
    'verify',
    '--json',
    '--manifest',
    join(places.sealed('1'), 'manifest.json'),
    '--store',
    places.store,
    '--package-key',
    join(places.sealed('1'), 'package-key.json'),
    '--org-key',
    places.orgKey,
    '--passphrase-file',
    places.passphrase,
  ]
  const victim = need(
    names.find((name) => !name.endsWith('.json')),
    'object in the store',
  )
  const flipped = await flipByte(victim)
  expectEqual((await runCommand(ADMIN, verify)).code, 1, 'exit code of verify over an altered object')
  await restoreByte(flipped)
  expectEqual((await runCommand(ADMIN, verify)).code, 0, 'exit code of verify over the intact store')
}
