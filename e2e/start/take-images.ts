// SPDX-License-Identifier: Apache-2.0
//
// The images of README, of what a new user has in front of them after `npm start`.
import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import type { Page } from 'playwright-core'
import { launchChromium } from '../browser/chromium.ts'

export interface Shown {
  readonly console: string
  readonly password: string
  readonly launcher: string
  readonly desktop: string
}

const size = { width: 1280, height: 800 }

/** Writes `console-*.png`, `launcher-*.png` and `desktop.png` into `folder`. */
export async function takeImages({ console, password, launcher, desktop }: Shown, folder: string): Promise<void> {
  await mkdir(folder, { recursive: true })
  const browser = await launchChromium()
  try {
    const take = async (page: Page, name: string) => {
      await page.waitForTimeout(1500)
      await page.screenshot({ path: join(folder, `${name}.png`) })
    }
    for (const colorScheme of ['light', 'dark'] as const) {
      const page = await browser.newPage({ viewport: size, colorScheme })
      await page.goto(`${console}/sign-in`)
      await page.getByLabel('Login').fill('admin')
      await page.getByLabel(/^Password/).fill(password)
      await page.getByRole('button', { name: 'Sign in' }).click()
      await page.getByRole('heading', { level: 1, name: 'Overview' }).waitFor()
      await page.getByRole('navigation').getByRole('link', { name: 'Devices' }).click()
      await page.getByRole('table').getByRole('link').first().click()
      await page.getByText('Journal').first().waitFor()
      // Once the device has told what it sees of the desktop.
      await page.getByText('running', { exact: true }).first().waitFor()
      await take(page, `console-${colorScheme}`)
      await page.goto(launcher)
      await take(page, `launcher-${colorScheme}`)
      await page.close()
    }
    const page = await browser.newPage({ viewport: size, colorScheme: 'dark' })
    await page.goto(desktop)
    await page.locator('canvas').first().waitFor()
    await take(page, 'desktop')
  } finally {
    await browser.close()
  }
}
