// SPDX-License-Identifier: Apache-2.0
//
// Snapshots in the launcher, in a real browser, against a real console, daemon and machine on v86: taken, seen with their pictures, brought
// back while the desktop is open and while it is not, deleted; and the way out where a saved state was altered. What the policies take away
// is not offered, and the page says so.
import { readdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { Browser } from 'playwright-core'
import { afterAll, beforeAll, expect, it, onTestFinished, vi } from 'vitest'
import { layoutOf } from '../../apps/client-runtime/layout.ts'
import { Computer, realWorld } from '../../apps/client-runtime/test/computer.ts'
import { publishDesktop, publishPolicy, publishRelease } from '../../apps/console/test/console/world.ts'
import { launchChromium } from './chromium.ts'

const soon = { timeout: 20_000 }
const late = { timeout: 60_000 }
const password = 'tall Trees 1'
const instance = 'office'
let browser: Browser
beforeAll(async () => {
  browser = await launchChromium()
})
afterAll(() => browser.close())

const rules = (take: boolean, revert: boolean) => [
  { setting: 'authentication', value: { mode: 'password', minLength: 10, minClasses: 2, tries: 5, lockMinutes: 5 } },
  { setting: 'exit', value: 'user' },
  { setting: 'screenshots', value: 'allowed' },
  { setting: 'snapshots', value: { take, revert } },
]

it('are taken, seen, brought back and deleted in the launcher, and an altered saved state is given up', { timeout: 300_000 }, async () => {
  const [world, computer] = [await realWorld(), await Computer.fresh('real')]
  onTestFinished(() => computer.call('stop', { instance, how: 'power-off' }).then(undefined, () => undefined))
  await publishDesktop(world, rules(true, true))
  await computer.enrol(world)
  await computer.call('activate', { desktop: instance, presented: null, password })
  await computer.call('start', { instance, password })
  const page = await browser.newPage({ viewport: { width: 1280, height: 800 } })
  onTestFinished(() => page.close())
  const faults: string[] = []
  page.on('pageerror', (error) => faults.push(error.message))
  await page.goto(computer.launcher)
  const card = page.getByRole('article', { name: 'Office' })
  const dialog = page.getByRole('dialog')
  const running = () => card.getByText('running', { exact: true }).waitFor(late)
  const button = (name: string) => dialog.getByRole('button', { name, exact: true })
  const take = async (name: string) => {
    await dialog.getByLabel('Name of a new snapshot').fill(name)
    await page.keyboard.press('Enter')
    await dialog.getByText(name, { exact: true }).waitFor(soon)
  }
  await running()

  // By the keyboard alone.
  await card.getByRole('button', { name: 'Snapshots' }).focus()
  await page.keyboard.press('Enter')
  await dialog.getByText('There are no snapshots yet.').waitFor(soon)
  await take('before the update')
  await take('a mistake')
  const seen = dialog.getByAltText('Screen when before the update was taken')
  await expect.poll(() => seen.evaluate((image) => image instanceof HTMLImageElement && image.naturalWidth > 100), soon).toBe(true)
  expect(await dialog.locator('li li').getByText('a mistake', { exact: true }).count()).toBe(1)
  await button('Delete a mistake').click()
  await dialog.getByRole('heading', { name: 'Delete a mistake?' }).waitFor(soon)
  await button('Cancel').click()
  await button('Delete a mistake').click()
  await button('Delete').click()
  await expect.poll(() => dialog.getByText('a mistake', { exact: true }).count(), soon).toBe(0)
  await button('Return to before the update').click()
  await button('Return').click()
  await card.getByText('Returning to before the update').waitFor({ ...soon, state: 'hidden' })
  await running()

  await card.getByRole('button', { name: 'Suspend' }).click()
  await card.getByRole('button', { name: 'Continue' }).waitFor(late)
  await card.getByRole('button', { name: 'Snapshots' }).click()
  await dialog.getByLabel('Password of this desktop').fill('small Trees 1')
  await button('Show').click()
  await dialog.getByText('The password is wrong.').waitFor(soon)
  expect(await dialog.getByText('before the update').count()).toBe(0)
  await dialog.getByLabel('Password of this desktop').fill(password)
  await button('Show').click()
  await button('Return to before the update').click(soon)
  await button('Return and start').click()
  await running()

  await card.getByRole('button', { name: 'Suspend' }).click()
  await card.getByRole('button', { name: 'Continue' }).waitFor(late)
  const { folder } = layoutOf(computer.data).instance(instance)
  for (const name of (await readdir(folder)).filter((file) => file.endsWith('.state'))) {
    await writeFile(join(folder, name), (await readFile(join(folder, name))).subarray(0, -1))
  }
  await computer.call('start', { instance, password })
  await card.getByText('The suspended state of this desktop was altered.').waitFor(late)
  await card.getByRole('button', { name: 'Discard saved state' }).click()
  await dialog.getByText('What was open in it and not saved is lost for good.').waitFor(soon)
  await dialog.getByLabel('Password of this desktop').fill(password)
  await button('Discard').click()
  await card.getByRole('button', { name: 'Start' }).waitFor(late)
  await computer.call('start', { instance, password })
  await running()

  await publishPolicy(world, '2', rules(false, true))
  await publishRelease(world, '2')
  await vi.waitFor(async () => expect((await computer.call('status', {})).instances[0]?.session?.snapshots.take).toBe(false), 30_000)
  await card.getByRole('button', { name: 'Snapshots' }).click()
  await dialog.getByText('By the policies of your organisation snapshots of this desktop are not taken or deleted.').waitFor(soon)
  expect(await dialog.getByRole('button').allInnerTexts()).toEqual(['Return', 'Close'])
  await button('Close').click()
  await publishPolicy(world, '3', rules(false, false))
  await publishRelease(world, '3')
  await expect.poll(() => card.getByRole('button', { name: 'Snapshots' }).count(), { timeout: 30_000 }).toBe(0)
  expect(faults).toEqual([])
})
