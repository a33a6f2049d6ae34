// SPDX-License-Identifier: Apache-2.0
import { randomBytes } from 'node:crypto'
import { readdir, readFile, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { z } from 'zod'
import { ADMIN } from '../../session-host/make-release.ts'
import { flipByte, restoreByte } from '../flip-byte.ts'
import { runCommand, runJson, runOk } from '../run-command.ts'
import { expectEqual, need, type World } from '../world.ts'

export const disksOf = ({ folder }: World, version: string) => join(folder, `disks-${version}`)
const sealedOf = ({ folder }: World, version: string) => join(folder, `sealed-${version}`)
const sealPrinted = z.looseObject({ sha256: z.string() })

/** A copy of the demo disk with a nonce that did not exist before. */
export async function buildDisk(world: World, version: string): Promise<string> {
  const nonce = randomBytes(32).toString('hex')
  await runOk('tools/demo-guest/main.ts', ['--json', '--out', disksOf(world, version), '--release', version, '--nonce', nonce])
  return nonce
}

/** Seals the built disks into the organisation's store, by the administrator's command line. */
async function sealDisk(world: World, version: string, nonce: string): Promise<void> {
  const { layout } = world.organisation
  const disks = disksOf(world, version)
  const printed = await runJson(ADMIN, [
    ...['seal', '--name', 'demo', '--version', version, '--machine', join(disks, 'machine.yaml')],
    ...['--disk', `system=${join(disks, 'system.raw')}`, '--disk', `user=${join(disks, 'user.raw')}:user`, '--store', layout.objects],
    ...['--org-key', layout.key('chunk'), ...world.organisation.passphraseOption, '--out', sealedOf(world, version)],
  ])
  world.sealed.set(version, { nonce, sha256: sealPrinted.parse(printed).sha256 })
}

/** Has the sealed package approved, so that releases may name it. */
export async function publishPackage(world: World, version: string): Promise<void> {
  await world.organisation.run('package', 'stage', '--sealed', sealedOf(world, version))
  await world.organisation.approve('packages')
}

/** A bootable disk from Debian packages, and a user's disk beside it. */
export async function diskBuilt(world: World): Promise<void> {
  world.sealed.set('1', { nonce: await buildDisk(world, '1'), sha256: '' })
  for (const name of ['system.raw', 'user.raw', 'machine.yaml']) {
    const { size } = await stat(join(disksOf(world, '1'), name))
    if (size === 0) throw new Error(`\`${name}\` is empty`)
  }
}

/** Sealed by the administrator's CLI; the nonce is nowhere to be read, and `verify` finds one altered byte. */
export async function sealed(world: World): Promise<void> {
  const { nonce } = need(world.sealed.get('1'), 'built disk')
  await world.organisation.create()
  await sealDisk(world, '1', nonce)

  const { layout, passphraseOption } = world.organisation
  const names = (await readdir(layout.objects, { recursive: true, withFileTypes: true }))
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name))
  for (const name of names) {
    if ((await readFile(name)).includes(nonce)) throw new Error(`the nonce stands in clear in \`${name}\``)
  }

  const verify = [
    ...['verify', '--json', '--manifest', join(sealedOf(world, '1'), 'manifest.json'), '--store', layout.objects],
    ...['--package-key', join(sealedOf(world, '1'), 'package-key.json'), '--org-key', layout.key('chunk'), ...passphraseOption],
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
