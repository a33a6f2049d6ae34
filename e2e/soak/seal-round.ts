// SPDX-License-Identifier: Apache-2.0
//
// `casemate-admin seal` is killed: the store is clean, the next seal stores just what is missing, and what it makes verifies.
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { access, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout } from 'node:timers/promises'
import { z } from 'zod'
import { ADMIN } from '../session-host/make-release.ts'
import { placesOf } from '../session-host/places.ts'
import { runJson, runOk } from '../story/run-command.ts'
import { type Ground, sealImage } from './ground.ts'
import { objectNames, wholeObjects } from './whole-objects.ts'

/** When it is killed, in parts of the time that a whole one took: before, it opens its key; some are to come to their end. */
const [earliest, latest] = [0.2, 1.05]
const root = join(import.meta.dirname, '../..')
const sealed = z.looseObject({ stats: z.looseObject({ newObjects: z.int() }) })
const checked = z.looseObject({ clean: z.boolean(), leftovers: z.array(z.unknown()) })

/** @returns what happened, in words @throws Error when something was lost */
export async function sealRound(ground: Ground, folder: string, random: () => number): Promise<string> {
  const { image, whole } = ground
  const [store, first, second] = [join(folder, 'store'), join(folder, 'first'), join(folder, 'second')]
  const { orgKey, passphrase } = placesOf(ground.folder)
  const key = ['--org-key', orgKey, '--passphrase-file', passphrase]

  const ms = whole.ms * (earliest + (latest - earliest) * random())
  const killed = spawn(
    process.execPath,
    ['--disable-warning=ExperimentalWarning', join(root, ADMIN), ...sealImage(ground.folder, image, store, first)],
    {
      stdio: 'ignore',
    },
  )
  const over = once(killed, 'exit')
  await Promise.race([over, setTimeout(ms)])
  killed.kill('SIGKILL')
  const [, signal] = await over
  const published = await access(join(first, 'manifest.json')).then(
    () => true,
    () => false,
  )

  const kept = [...(await objectNames(store))]
  const { clean, leftovers } = checked.parse(await runJson(ADMIN, ['fsck', '--store', store, ...(published ? ['--sealed', first, ...key] : [])]))
  if (!clean) throw new Error('the store is not clean after the kill')

  const { stats } = sealed.parse(JSON.parse(await runOk(ADMIN, sealImage(ground.folder, image, store, second))))
  const expected = whole.objects.size - kept.filter((name) => whole.objects.has(name)).length
  if (stats.newObjects !== expected) throw new Error(`the next seal stored ${stats.newObjects} objects where ${expected} were missing`)
  const { names } = await wholeObjects(store)
  const gone = kept.filter((name) => !names.has(name))
  if (gone.length > 0) throw new Error(`${gone.length} objects were there after the kill and are gone`)
  await runOk(ADMIN, ['verify', '--manifest', join(second, 'manifest.json'), '--store', store, ...key])
  await rm(store, { recursive: true })
  return `${signal === null ? 'not ' : ''}killed after ${Math.round(ms)} ms with ${kept.length} of ${whole.objects.size} objects stored, ${leftovers.length} left aside`
}
