// SPDX-License-Identifier: Apache-2.0
import { randomBytes } from 'node:crypto'
import { mkdir, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, it, onTestFinished } from 'vitest'
import { createQemuBackend } from '../../src/qemu/backend.ts'
import { createOverlay } from '../../src/qemu/overlay.ts'
import { chattyDisk, diskBytes } from '../boot-disk.ts'
import { drawnLives } from '../drawn-lives.ts'
import { locksOn } from '../leftovers.ts'
import { RandomLives } from '../random-lifecycle.ts'
import { NbdHost } from './nbd-host.ts'
import { ideDisk, newSpec } from './new-spec.ts'

it('a QEMU machine follows the lifecycle table whatever it is asked and whenever it is killed, and leaves nothing behind', async () => {
  const root = await mkdtemp(join(tmpdir(), 'cm-'))
  const nbd = new NbdHost(root)
  onTestFinished(async () => {
    await nbd.close()
    await rm(root, { recursive: true })
  })
  const [runtimeFolder, folder, overlay] = [join(root, 'vm'), join(root, 'states'), join(root, 'overlay')]
  for (const path of [runtimeFolder, folder]) await mkdir(path)
  const key = randomBytes(32)
  await createOverlay({ file: overlay, key, sizeBytes: diskBytes })
  const disk = ideDisk({ kind: 'luks-overlay', base: await nbd.serve(chattyDisk(2048)), file: overlay, key })
  const spec = newSpec(runtimeFolder, [disk])
  const backend = createQemuBackend({ cacheFolder: join(root, 'cache') })

  const open = await backend.open(spec)
  expect(await locksOn(overlay)).not.toEqual([])
  await open.stop()

  const lives = await RandomLives.over({ backend, spec, overlays: [overlay], folder })
  for (const life of drawnLives(24)) await lives.live(life)
  lives.expectBreadth()
})
