// SPDX-License-Identifier: Apache-2.0
//
// What an administrator does on the console's pages, by the names that people read there.
import { randomBytes } from 'node:crypto'
import type { Page } from 'playwright-core'
import type { ConsoleServer } from './console-server.ts'

export const soon = { timeout: 20_000 }

export async function signIn(page: Page, { origin, login }: ConsoleServer, password: string): Promise<void> {
  if (!page.url().startsWith(`${origin}/sign-in`)) await page.goto(`${origin}/sign-in`)
  await page.getByLabel('Login').fill(login)
  await page.getByLabel(/^Password/).fill(password)
  await page.getByRole('button', { name: 'Sign in' }).click()
}

/** By the navigation, as people go. */
export async function openPage(page: Page, name: string): Promise<void> {
  await page.getByRole('navigation').getByRole('link', { name }).click()
  await page.getByRole('heading', { level: 1, name, exact: true }).waitFor(soon)
}

/** A raw image that a BIOS would try: random bytes, and the mark at the end of its first sector. */
export function bootableImage(bytes: number): Buffer {
  const image = randomBytes(bytes)
  // jmp to itself: random code may do anything, switch itself off among it.
  image.set([0xeb, 0xfe], 0)
  image.writeUInt16BE(0x55aa, 510)
  return image
}

export async function makeMachine(page: Page, name: string, image: Buffer): Promise<void> {
  await openPage(page, 'Machines')
  await page.getByRole('link', { name: 'New machine' }).click()
  await page.getByLabel(/^Name/).fill(name)
  await page.locator('input[type=file]').setInputFiles({ name: 'disk.raw', mimeType: 'application/octet-stream', buffer: image })
  await page.getByRole('button', { name: 'Create and upload' }).click()
  await page.getByRole('heading', { level: 1, name }).waitFor(soon)
}

/** With the passphrase of the console's own keys. @param title of the waiting version, such as `Packages` */
export async function approve(page: Page, title: string, passphrase: string): Promise<void> {
  await openPage(page, 'Approvals')
  const version = page.getByRole('region', { name: new RegExp(`^${title}, version`) })
  await version.getByLabel('Passphrase of the organisation').fill(passphrase)
  await version.getByRole('button', { name: 'Sign and approve' }).click()
}
