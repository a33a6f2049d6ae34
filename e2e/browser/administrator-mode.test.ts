// SPDX-License-Identifier: Apache-2.0
//
// Administrator mode in the launcher's page, against a real console and a real daemon.
import { expect, it, onTestFinished } from 'vitest'
import { Computer, realWorld } from '../../apps/client-runtime/test/computer.ts'
import { derivePassphraseKey } from '../../apps/console/src/access/derive-passphrase-key.ts'
import { openRules, publishDesktop } from '../../apps/console/test/console/world.ts'
import { writeAdministratorKey } from '../../packages/policy/src/trust/administrator-key.ts'
import { makeAdministratorKey } from '../../packages/policy/src/trust/make-administrator-key.ts'
import { launchChromium } from './chromium.ts'

const soon = { timeout: 20_000 }

it('is entered by its password after the page has said what it loosens, shows until when, and is left', async () => {
  const [world, computer, browser] = [await realWorld(), await Computer.fresh(), await launchChromium()]
  onTestFinished(() => browser.close())
  const params = { memoryKiB: 19_456, passes: 2, lanes: 1 }
  const password = { text: 'open sesame', derive: derivePassphraseKey, params }
  const key = writeAdministratorKey(await makeAdministratorKey(password, (length) => crypto.getRandomValues(new Uint8Array(length))))
  const allows = [{ setting: 'clipboard-to-guest', value: { maxTextBytes: 100 } }]
  await publishDesktop(world, [
    ...openRules,
    { setting: 'administrator-mode', value: { mode: 'password', key, maxMinutes: 30, tries: 5, lockMinutes: 5, allows } },
  ])
  await computer.enrol(world)
  await computer.running()
  const page = await browser.newPage({ viewport: { width: 390, height: 800 } })
  await page.goto(computer.launcher)
  const card = page.getByRole('article', { name: 'Office' })
  await card.getByText('clipboard blocked').waitFor(soon)
  await card.getByRole('button', { name: 'Administrator mode' }).click()
  const dialog = page.getByRole('dialog')
  await dialog.getByText('clipboard-to-guest').waitFor(soon)
  await dialog.getByLabel('Password of the administrator').fill('open says me')
  await dialog.getByRole('button', { name: 'Enter' }).click()
  await dialog.getByText('password-wrong').waitFor(soon)
  await dialog.getByLabel('Password of the administrator').fill('open sesame')
  await dialog.getByLabel('Minutes, 30 at most').fill('10')
  await dialog.getByRole('button', { name: 'Enter' }).click()
  await card.getByText(/^administrator mode until .*in (9|10) minutes/).waitFor(soon)
  await card.getByText('paste into it only').waitFor(soon)
  await card.getByRole('button', { name: 'Leave administrator mode' }).click()
  await card.getByText('clipboard blocked').waitFor(soon)
  expect((await computer.call('list', {})).desktops[0]?.administrator).toMatchObject({ until: null })
})
