// SPDX-License-Identifier: Apache-2.0
//
// What the launcher says while a desktop's package arrives from a console over a line that breaks off: for what the desktop waits and how much
// is here, and that it runs again once the line is back. The guest is a boot sector on v86 that reads through its disk.
import type { Browser } from 'playwright-core'
import { afterAll, beforeAll, expect, it, onTestFinished } from 'vitest'
import { Computer, realWorld } from '../../apps/client-runtime/test/computer.ts'
import { openRules, publishDesktop } from '../../apps/console/test/console/world.ts'
import { walkingDisk } from '../../packages/engine/test/boot-disk.ts'
import { RfbClient } from '../screen/rfb-client.ts'
import { breakableLine } from '../slow-link/breakable-line.ts'
import { Viewer } from '../story/viewer.ts'
import { launchChromium } from './chromium.ts'

const soon = { timeout: 20_000 }
const places = 24

let browser: Browser
beforeAll(async () => {
  browser = await launchChromium()
})
afterAll(() => browser.close())

it('says that a desktop waits for data and how much is here while the line is broken, and that it runs again when it is back', async () => {
  const [world, computer] = [await realWorld(), await Computer.fresh('real')]
  onTestFinished(() => computer.call('stop', { instance: 'office', how: 'power-off' }).then(undefined, () => undefined))
  const disk = walkingDisk({ places, filledBytes: 131_072, ticks: 1, end: 'halt' })
  await publishDesktop(world, [...openRules, { setting: 'exit', value: 'user' }], null, disk)
  const line = await breakableLine(world.device)
  await computer.enrol({ ...world, device: line.address })
  await computer.call('activate', { desktop: 'office', presented: null, password: null })

  const page = await browser.newPage({ viewport: { width: 1280, height: 800 } })
  onTestFinished(() => page.close())
  let loads = 0
  page.on('load', () => (loads += 1))
  await page.goto(computer.launcher)
  const card = page.getByRole('article', { name: 'Office' })
  line.breakAfter(1_500_000)
  await card.getByRole('button', { name: 'Start' }).click(soon)
  await card.getByText('paused', { exact: true }).waitFor({ timeout: 40_000 })
  await card.getByText('It waits for data: part of its disk has not arrived. It goes on by itself when it has.').waitFor(soon)
  await card.getByText(/^1\.\d of 3\.\d MB here, can work offline at 3\.\d MB$/).waitFor(soon)

  line.mend()
  await card.getByText('running', { exact: true }).waitFor({ timeout: 40_000 })
  await card.getByText('can work offline', { exact: true }).waitFor({ timeout: 40_000 })
  expect(loads).toBe(1)
  const { display } = new Viewer((await card.getByRole('link', { name: 'Open screen' }).getAttribute('href')) ?? '')
  const screen = await RfbClient.overWebSocket(display.url, { protocols: display.protocols })
  onTestFinished(() => screen.close())
  // One dot for each read; `E` would stand for an I/O error.
  await screen.waitForText(`${'.'.repeat(places)}!`, 40_000)
})
