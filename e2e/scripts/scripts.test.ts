// SPDX-License-Identifier: Apache-2.0
//
// Scripts of a package around a real guest, which prints to its serial port and switches itself off: where one does not pass, it does not run.
import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { SessionEvent } from '../../apps/client-runtime/local-api.ts'
import { countingDisk } from '../../packages/engine/test/boot-disk.ts'
import type { LaunchPlan } from '../../packages/policy/src/decision/launch-plan.ts'
import { parseManifest } from '../../packages/vm-package/src/manifest.ts'
import { sealDisks } from '../session-host/make-release.ts'
import { makeWorld, removeWorld } from '../session-host/make-world.ts'
import { placesOf } from '../session-host/places.ts'
import { smallMachine } from '../session-host/small-machine.ts'
import { startSession, strictPlan } from '../session-host/start-session.ts'
import type { SealedRelease, World } from '../session-host/world.ts'

const scripts = {
  passes: '#!/bin/sh\necho "$CASEMATE_WHEN of $CASEMATE_DESKTOP"\n',
  refuses: '#!/bin/sh\necho no scanner here\nexit 4\n',
  sleeps: '#!/bin/sh\nsleep 60\n',
}

describe('scripts of a package', () => {
  let world: World
  let release: SealedRelease

  beforeAll(async () => {
    world = await makeWorld('qemu')
    const disks = placesOf(world.folder).disks('1')
    const folder = join(world.folder, 'scripts')
    await mkdir(disks)
    await mkdir(folder)
    await writeFile(join(disks, 'machine.yaml'), smallMachine)
    await writeFile(join(disks, 'counting.img'), countingDisk(9))
    for (const [name, text] of Object.entries(scripts)) await writeFile(join(folder, name), text)
    release = await sealDisks(world, '1', ['--disk', `system=${join(disks, 'counting.img')}`, '--scripts', folder])
  })

  afterAll(() => removeWorld(world))

  /** Hears all that happens, as a daemon does. */
  async function start(wanted: Partial<LaunchPlan['scripts']>) {
    const session = await startSession(world, 'device', release, {
      plan: { ...strictPlan(world, release), scripts: { powerOn: [], powerOff: [], seconds: 20, ...wanted } },
    })
    const heard: SessionEvent[] = []
    const listening = (async () => {
      for (;;) heard.push(...(await session.control.events(heard.at(-1)?.seq ?? 0)))
    })().catch(() => undefined)
    const over = session.exited.then(async (code) => {
      await listening
      return { code, heard }
    })
    return { session, over }
  }

  const ran = (events: readonly SessionEvent[]) => events.filter(({ type }) => type === 'script-ran').map(({ data }) => data)

  it('are named in the manifest, and lie in the store for nobody to read', async () => {
    const places = placesOf(world.folder)
    const manifest = parseManifest(await readFile(join(places.sealed('1'), 'manifest.json')))
    expect(manifest.scripts).toMatchObject({ names: ['passes', 'refuses', 'sleeps'] })
    const objects = (await readdir(places.store, { recursive: true, withFileTypes: true })).filter((entry) => entry.isFile())
    for (const { parentPath, name } of objects) expect((await readFile(join(parentPath, name))).includes('no scanner here')).toBe(false)
  })

  it('run before the guest and after it, and the guest runs where they pass', async () => {
    const { over } = await start({ powerOn: ['passes'], powerOff: ['refuses'] })
    const { code, heard } = await over
    expect(code).toBe(0)
    expect(heard.map(({ type }) => type)).toContain('guest-powered-off')
    expect(ran(heard)).toEqual([
      { script: 'passes', when: 'power-on', end: '0', output: 'power-on of demo\n' },
      { script: 'refuses', when: 'power-off', end: '4', output: 'no scanner here\n' },
    ])
  })

  it.each([
    ['does not pass', ['passes', 'refuses'], 'script-failed', '`refuses` ended with 4; it printed: no scanner here'],
    ['does not end', ['sleeps'], 'script-late', '`sleeps` did not end within 1 s; it printed nothing'],
    ['is not in the package', ['passes', 'unheard-of'], 'script-unknown', 'the package has no script `unheard-of`'],
  ])('keep the guest from running where one %s, and nothing is run after it', async (_what, powerOn, code, detail) => {
    const { session, over } = await start({ powerOn, powerOff: ['passes'], seconds: 1 })
    const { reason } = await session.until(({ state }) => state === 'blocked')
    expect(reason).toMatchObject({ code, detail })
    expect(await session.serial()).toBe('')
    await session.ask('power-off')
    expect(ran((await over).heard).filter(({ when }) => when === 'power-off')).toEqual([])
  })
})
