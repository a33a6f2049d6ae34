// SPDX-License-Identifier: Apache-2.0
import { mkdtemp } from 'node:fs/promises'
import { join } from 'node:path'
import { it, onTestFinished } from 'vitest'
import { chattyDisk } from '../boot-disk.ts'
import { drawnLives } from '../drawn-lives.ts'
import { RandomLives } from '../random-lifecycle.ts'
import { V86Fixture } from './v86-fixture.ts'

it('a v86 machine follows the lifecycle table whatever it is asked and whenever it is killed, and leaves nothing behind', async () => {
  const fixture = await V86Fixture.make()
  onTestFinished(() => fixture.close())
  const { backend, root } = fixture
  const spec = await fixture.spec(await fixture.disk(chattyDisk(2048)))
  const lives = await RandomLives.over({ backend, spec, overlays: [], folder: await mkdtemp(join(root, 'states-')) })
  for (const life of drawnLives(24)) await lives.live(life)
  lives.expectBreadth()
})
