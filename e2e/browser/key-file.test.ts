// SPDX-License-Identifier: Apache-2.0
//
// An approver's key file in the console's page: what it signs, what leaves the page, and what does not.
import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { Browser } from 'playwright-core'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { consoleLayout } from '../../apps/console/src/organisation/layout.ts'
import { ADMIN } from '../session-host/make-release.ts'
import { runJson } from '../story/run-command.ts'
import { launchChromium } from './chromium.ts'
import { openPage, signIn, soon } from './console-acts.ts'
import { ConsoleServer } from './console-server.ts'

let browser: Browser
let server: ConsoleServer

beforeAll(async () => {
  ;[browser, server] = await Promise.all([launchChromium(), ConsoleServer.start()])
})
afterAll(async () => {
  await browser?.close()
  await server?.stop()
})

it('signs in the page what the page shows, sends the signature and nothing of the key, and counts the key as held by the console', async () => {
  const at = (name: string) => join(server.folder, name)
  const rules = '  - {setting: exit, value: suspend}\n'
  await writeFile(at('policy.yaml'), `format: casemate-policy-1\nname: base\nversion: "1"\nminRuntime: 0.1.0\nrules:\n${rules}`)
  await runJson(ADMIN, ['policy', 'stage', '--file', at('policy.yaml'), '--data', at('org')])
  const keyFile = consoleLayout(at('org')).key('approver')
  const { box } = JSON.parse(await readFile(keyFile, 'utf8'))

  const page = await browser.newPage({ viewport: { width: 390, height: 900 } })
  const faults: string[] = []
  page.on('pageerror', (error) => faults.push(error.message))
  await page.goto(`${server.origin}/sign-in`)
  await signIn(page, server, server.password)
  await page.getByRole('heading', { level: 1, name: 'Overview' }).waitFor(soon)
  await page.goto(`${server.origin}/approvals`)
  const version = page.getByRole('region', { name: /^Policies, version/ })
  const form = version.getByRole('form', { name: 'Sign with a key file' })
  await form.getByText(/^The bytes themselves say: targets, version \d+, valid until .*; documents: 1$/).waitFor(soon)
  await page.getByText('policies: 0 unlocked, 1 needed to sign').first().waitFor(soon)

  const sent: string[] = []
  page.on('request', (request) => sent.push(`${request.url()} ${request.postData() ?? ''}`))
  await form.locator('input[type=file]').setInputFiles(keyFile)
  await form.getByLabel('Its passphrase').fill('not the passphrase')
  await form.getByRole('button', { name: 'Sign in this page' }).click()
  await form.getByText('sealed-key-passphrase').waitFor({ timeout: 60_000 })
  expect(sent.filter((request) => request.includes('/approve'))).toEqual([])

  await form.getByLabel('Its passphrase').fill(server.passphrase)
  await form.getByRole('button', { name: 'Sign in this page' }).click()
  await page.getByText('Nothing waits for approval').waitFor({ timeout: 60_000 })
  await page.getByText('policies: 1 unlocked, 1 needed to sign').waitFor(soon)
  expect(sent.filter((request) => /"sig":"[0-9a-f]{128}"/.test(request))).toHaveLength(1)
  expect(sent.filter((request) => request.includes(server.passphrase) || request.includes(box))).toEqual([])
  await page.setViewportSize({ width: 1280, height: 900 })
  await openPage(page, 'Policies')
  await page.getByText('published', { exact: true }).waitFor(soon)
  expect(faults).toEqual([])
})
