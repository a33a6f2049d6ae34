// SPDX-License-Identifier: Apache-2.0
import { randomBytes } from 'node:crypto'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { runOk } from '../story/run-command.ts'
import { ADMIN } from './make-release.ts'
import { placesOf } from './places.ts'
import { closeWorld, type World } from './world.ts'

/** With an organisation's key, made by the administrator's CLI. @param folder empty; a fresh one unless told */
export async function makeWorld(engine: World['engine'], folder?: string): Promise<World> {
  const own = folder ?? (await mkdtemp(join(tmpdir(), 'world-')))
  const { passphrase, orgKey } = placesOf(own)
  await writeFile(passphrase, randomBytes(18).toString('base64url'), { mode: 0o600 })
  await runOk(ADMIN, ['keygen', '--out', orgKey, '--passphrase-file', passphrase])
  return { engine, folder: own, instanceKey: randomBytes(32).toString('base64url'), open: new Set() }
}

/** Ends its sessions first. */
export async function removeWorld(world: World): Promise<void> {
  await closeWorld(world)
  await rm(world.folder, { recursive: true, force: true })
}
