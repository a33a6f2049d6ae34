// SPDX-License-Identifier: Apache-2.0
//
// An organisation that was made 300 days ago, in a real browser: its overview says what runs out, and is quiet once that is signed.
import type { Browser } from 'playwright-core'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { addUser, newOrganisation, passphrase, serveConsole } from '../../apps/console/test/web/served-console.ts'
import { launchChromium } from './chromium.ts'
import { openPage, soon } from './console-acts.ts'

let browser: Browser
beforeAll(async () => {
  browser = await launchChromium()
})
afterAll(() => browser.close())

it('says which signatures run out and who must sign, and nothing of it once they are renewed', async () => {
  const served = await serveConsole(await newOrganisation(Math.floor(Date.now() / 1000) - 300 * 86_400))
  const password = await addUser(served, 'ada', 'administrator')
  const page = await browser.newPage({ viewport: { width: 1280, height: 900 } })
  await page.goto(`${served.origin}/sign-in`)
  await page.getByLabel('Login').fill('ada')
  await page.getByLabel(/^Password/).fill(password)
  await page.getByRole('button', { name: 'Sign in' }).click()
  const notice = page.getByRole('region', { name: 'Signatures that run out' })
  await notice.waitFor(soon)
  const said = await notice.innerText()
  expect(said).toMatch(/root, version 1, expires on \d{4}-\d\d-\d\d\. A version waits: 1 of .+ must sign\./)
  expect(said).toMatch(/targets, version 2, expires on/)
  expect(said).not.toMatch(/timestamp|snapshot/)

  for (const title of ['Root', 'Key lists']) {
    await openPage(page, 'Approvals')
    const version = page.getByRole('region', { name: new RegExp(`^${title}, version`) })
    await version.getByText('Changes nothing but its expiry.').waitFor(soon)
    await version.getByLabel('Passphrase of the organisation').fill(passphrase)
    await version.getByRole('button', { name: 'Sign and approve' }).click()
    await version.waitFor({ ...soon, state: 'detached' })
  }
  await openPage(page, 'Overview')
  await page.getByText('Devices enrolled').waitFor(soon)
  expect(await notice.count()).toBe(0)
})
