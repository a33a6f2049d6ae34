// SPDX-License-Identifier: Apache-2.0
//
// The console in a real browser, on the real server with its built pages: from an empty organisation to an enrolment code.
import { createHash } from 'node:crypto'
import type { Browser, Page } from 'playwright-core'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { Computer } from '../../apps/client-runtime/test/computer.ts'
import { launchChromium } from './chromium.ts'
import { approve, bootableImage, makeMachine, openPage, signIn, soon } from './console-acts.ts'
import { ConsoleServer } from './console-server.ts'

let browser: Browser
let server: ConsoleServer
let page: Page
let code = ''
const faults: string[] = []

beforeAll(async () => {
  ;[browser, server] = await Promise.all([launchChromium(), ConsoleServer.start()])
  page = await browser.newPage({ viewport: { width: 1280, height: 900 } })
  page.on('pageerror', (error) => faults.push(error.message))
})
afterAll(async () => {
  await browser?.close()
  await server?.stop()
})

it('lets nobody in with a wrong password, keeps the login typed, and lets in with the right one', async () => {
  await page.goto(`${server.origin}/machines`)
  await page.waitForURL('**/sign-in', soon)
  await signIn(page, server, `${server.password}x`)
  await page.getByText('The login or the password is wrong').waitFor(soon)
  expect(await page.getByLabel('Login').inputValue()).toBe(server.login)
  await signIn(page, server, server.password)
  await page.getByRole('heading', { level: 1, name: 'Overview' }).waitFor(soon)
  await page.getByRole('button', { name: 'Single operator' }).click()
  await page.getByText('This console alone can approve.').waitFor(soon)
  await page.keyboard.press('Escape')
})

it('uploads a disk into a machine, and seals it into a package that is approved here', async () => {
  const image = bootableImage(1_048_576)
  await makeMachine(page, 'office', image)
  const disk = page.getByRole('region', { name: 'Disk system' })
  await disk.getByText('ready', { exact: true }).waitFor(soon)
  const sha256 = createHash('sha256').update(image).digest('hex')
  expect(await disk.locator('code').getAttribute('title')).toBe(sha256)
  const seal = page.getByRole('button', { name: 'Seal' })
  await page.getByLabel('Not before (UTC)').fill('2026-01-31T08:00')
  await page.getByLabel('Not after (UTC)').fill('2026-01-31T08:00')
  await page.getByText('Must be later than “Not before”.').waitFor(soon)
  expect(await seal.isDisabled()).toBe(true)
  await page.getByLabel('Not after (UTC)').fill('2037-01-31T08:00')
  const files = page.getByRole('region', { name: 'Customization files' })
  await files.locator('input[type=file]').setInputFiles({ name: 'meta-data', mimeType: 'text/plain', buffer: Buffer.from('a: %hostname%') })
  const file = files.getByRole('region', { name: 'File meta-data' })
  await file.getByText('customization-invalid').waitFor(soon)
  await file.getByLabel('Text of meta-data').fill('a: %host_name%')
  await files.getByText('together: cloud-init takes neither').waitFor(soon)
  expect(await seal.isDisabled()).toBe(true)
  await files.getByRole('button', { name: 'Write a file' }).click()
  await files.getByLabel('Text of user-data').fill('password: %secret(join)%')
  await files.getByText('They ask for the secret join').waitFor(soon)
  await page.getByLabel('Seconds at most').fill('20')
  await seal.click()
  const job = page.getByRole('region', { name: 'Seal office 1' })
  await job.getByText('done', { exact: true }).waitFor({ timeout: 40_000 })
  // A boot that nobody asked for has none of the secrets, which costs the package its list alone.
  await job.getByText(/its first boot was not recorded: .* on qemu: .*join/).waitFor(soon)
  await openPage(page, 'Packages')
  await page.getByText('not published').waitFor(soon)
  await approve(page, 'Packages', 'not the passphrase')
  await page.getByText('The passphrase is wrong.').waitFor(soon)
  await approve(page, 'Packages', server.passphrase)
  await page.getByText('Nothing waits for approval').waitFor(soon)
  await openPage(page, 'Packages')
  await page.getByText('published', { exact: true }).waitFor(soon)
})

it('writes one policy as form and as text, and loses nothing of what it refuses', async () => {
  await openPage(page, 'Policies')
  await page.getByRole('link', { name: 'New policy' }).click()
  await page.getByLabel('Add a rule for').selectOption('clipboard-to-guest')
  const rule = page.getByRole('region', { name: 'Rule for Clipboard to guest' })
  await rule.getByLabel('Max text bytes').fill('4096')
  await rule.getByLabel(/^Locked/).check()
  await rule.getByLabel('Add to conditions').selectOption('time')
  await rule.getByLabel('Add to time').selectOption('before')
  await page.getByText('rules.0.when.time.before').waitFor(soon)
  await rule.getByLabel('Before').fill('2030-01-31T08:00:00Z')
  await page.getByText('The policy is valid.').waitFor(soon)
  await page.getByRole('tab', { name: 'YAML text' }).click()
  expect(await page.getByLabel('Policy as YAML').inputValue()).toMatch(/\n\s+when:\n\s+time:\n\s+before: 2030-01-31T08:00:00Z\n/)
  await page.getByRole('tab', { name: 'Form' }).click()
  await rule.getByRole('button', { name: 'Without time' }).click()
  await rule.getByText('Holds always').waitFor(soon)
  await page.getByText('The policy is valid.').waitFor(soon)
  await page.getByRole('tab', { name: 'YAML text' }).click()
  const text = page.getByLabel('Policy as YAML')
  const written = await text.inputValue()
  expect(written).toMatch(/setting: clipboard-to-guest\n\s+value:\n\s+maxTextBytes: 4096\n\s+locked: true/)

  const wrong = `# kept\n${written}    colour: red\n`
  await text.fill(wrong)
  await page.getByText('Unrecognized key: "colour"').waitFor(soon)
  await page.getByText('Line 11:').waitFor(soon)
  await page.getByText('rules.0.colour').waitFor(soon)
  expect(await page.getByRole('button', { name: 'Put forward for approval' }).isDisabled()).toBe(true)
  await page.getByRole('tab', { name: 'Form' }).click()
  await rule.getByLabel('Max text bytes').fill('512')
  await page.getByRole('tab', { name: 'YAML text' }).click()
  expect(await text.inputValue()).toBe(wrong.replace('4096', '512'))

  await text.fill(wrong.replace('    colour: red\n', ''))
  await page.getByText('The policy is valid.').waitFor(soon)
  await page.getByRole('button', { name: 'Put forward for approval' }).click()
  await page.getByText('maxTextBytes: 4096').waitFor(soon)
  await approve(page, 'Policies', server.passphrase)
  await page.getByText('Nothing waits for approval').waitFor(soon)
})

it('releases, assigns and enrols, with the impact shown before', async () => {
  await openPage(page, 'Releases')
  await page.getByRole('link', { name: 'New release' }).click()
  await page.getByRole('combobox', { name: /^Desktop/ }).fill('office')
  await page.getByLabel('Title').fill('Office')
  expect(await page.getByRole('button', { name: 'Put forward for approval' }).isDisabled()).toBe(true)
  await page.getByRole('button', { name: 'Show the impact' }).click()
  await page.getByRole('region', { name: 'Impact' }).getByText('No device has this desktop yet').waitFor(soon)
  await page.getByRole('button', { name: 'Put forward for approval' }).click()
  await page.getByText('policies/base/1.json').waitFor(soon)
  await approve(page, 'Releases', server.passphrase)
  await page.getByText('Nothing waits for approval').waitFor(soon)

  await openPage(page, 'Desktops')
  await page.getByRole('link', { name: 'Office' }).click()
  await page.getByRole('button', { name: 'Assign', exact: true }).click()
  await page.getByRole('button', { name: 'Take it from everybody' }).waitFor(soon)

  const secret = page.getByRole('region', { name: 'Secret join' })
  await secret.getByText('not set').waitFor(soon)
  await secret.getByLabel('Value of join').fill('open sesame')
  await secret.getByRole('button', { name: 'Set' }).click()
  await secret.getByRole('button', { name: 'Replace' }).waitFor(soon)
  expect(await secret.getByLabel('Value of join').inputValue()).toBe('')
  expect(await page.content()).not.toContain('open sesame')
  await page.getByLabel('Another secret').fill('Join')
  await page.getByLabel(/^Value(?! of)/).fill('x')
  await page.getByRole('button', { name: 'Set secret' }).click()
  await page.getByText('input-invalid').waitFor(soon)
  await secret.getByRole('button', { name: 'Remove' }).click()
  await page.getByRole('button', { name: 'Remove secret' }).click()
  await secret.getByText('not set').waitFor(soon)

  await openPage(page, 'Devices')
  await page.getByRole('link', { name: 'New enrolment code' }).click()
  await page.getByLabel('User', { exact: true }).fill('bob')
  await page.getByRole('button', { name: 'Make code' }).click()
  await page.getByRole('img', { name: 'Enrolment code as QR code' }).waitFor(soon)
  code = await page.getByTestId('enrolment-code').innerText()
  expect(code).toMatch(/^CASEMATE1-/)
})

it('puts a release forward that keeps former ones and is forced by a date, and rolls back with the impact shown before', async () => {
  await openPage(page, 'Desktops')
  await page.getByRole('link', { name: 'Office' }).click()
  // The list before has such a link too.
  await page.getByRole('heading', { level: 1, name: 'Office' }).waitFor(soon)
  await page.getByRole('link', { name: 'New release' }).click()
  const stage = page.getByRole('button', { name: 'Put forward for approval' })
  await page.getByLabel('Former releases kept').fill('2')
  await page.getByLabel('Update is').selectOption('forced')
  await page.getByLabel('Forced from (UTC)').fill('2027-01-31T08:00')
  await page.getByRole('button', { name: 'Show the impact' }).click()
  await page.getByRole('region', { name: 'Impact' }).getByText('Release 2, against release 1.').waitFor(soon)
  await stage.click()
  await approve(page, 'Releases', server.passphrase)
  await page.getByText('Nothing waits for approval').waitFor(soon)

  await openPage(page, 'Desktops')
  await page.getByRole('link', { name: 'Office' }).click()
  const releases = page.getByRole('region', { name: 'Releases' })
  await releases.getByText('forced from 2027-01-31 08:00 UTC, keeps 2').waitFor(soon)
  expect(await releases.getByRole('link').allInnerTexts()).toEqual(['Roll back to 1'])
  await releases.getByRole('link', { name: 'Roll back to 1' }).click()
  await page.getByRole('region', { name: 'Impact' }).getByText('Release 3, against release 2.').waitFor(soon)
  await page.goto(page.url().replace('to=1', 'to=2'))
  await page.getByText('there is nothing to go back from').waitFor(soon)
  await page.getByText('input-invalid').waitFor(soon)
  expect(await stage.count()).toBe(0)

  await openPage(page, 'Desktops')
  await page.getByRole('link', { name: 'Office' }).click()
  await releases.getByRole('link', { name: 'Roll back to 1' }).click()
  await stage.click()
  await approve(page, 'Releases', server.passphrase)
  await page.getByText('Nothing waits for approval').waitFor(soon)
  await openPage(page, 'Desktops')
  await page.getByRole('link', { name: 'Office' }).click()
  await releases.getByRole('link', { name: 'Roll back to 2' }).waitFor(soon)
  expect(await releases.getByRole('link').allInnerTexts()).toEqual(['Roll back to 2', 'Roll back to 1'])
})

it('shows the computer that enrolled with the code, revokes it with a reason, and reinstates it', async () => {
  const computer = await Computer.fresh()
  await computer.call('enrol', { code })
  await openPage(page, 'Devices')
  await page.getByText('office 3 / not activated').waitFor(soon)
  await page.getByRole('table').getByRole('link').click()
  await page.getByText('chain verified').waitFor(soon)
  await page.getByRole('region', { name: 'Compliance' }).waitFor(soon)
  // Exact: while a dialog closes, its own button has a longer name that begins alike.
  await page.getByRole('button', { name: 'Revoke', exact: true }).click()
  await page.getByLabel('Reason').fill('the laptop was lost')
  await page.getByRole('button', { name: 'Revoke device' }).click()
  await page.getByText('Why: the laptop was lost').waitFor(soon)
  await page.getByRole('button', { name: 'Reinstate', exact: true }).click()
  await page.getByRole('button', { name: 'Reinstate device' }).click()
  await page.getByRole('button', { name: 'Revoke', exact: true }).waitFor(soon)
})

it('shows what a new version of a policy changes: on devices before it is put forward, in words to its approver, and in force', async () => {
  await openPage(page, 'Policies')
  await page.getByRole('link', { name: 'New version' }).click()
  await page.getByRole('tab', { name: 'YAML text' }).click()
  const text = page.getByLabel('Policy as YAML')
  await text.fill((await text.inputValue()).replace('4096', '64'))
  await page.getByRole('button', { name: 'Show the impact' }).click()
  const office = page.getByRole('region', { name: 'Impact on Office' })
  await office.getByText('text up to 64 bytes').waitFor(soon)
  await office.getByText('tightened').waitFor(soon)
  await page.getByRole('button', { name: 'Put forward for approval' }).click()
  const changes = page.getByRole('region', { name: 'Changes in policies/base/2.json' })
  await changes.getByText('maxTextBytes: 4096 → 64').waitFor(soon)
  await changes.getByText('changed: tightened').waitFor(soon)
  const whole = changes.getByRole('region', { name: 'Content of policies/base/2.json' })
  expect(await whole.isVisible()).toBe(false)
  await changes.getByText('Show all of it').click()
  await whole.getByText('maxTextBytes: 64').waitFor(soon)
  await approve(page, 'Policies', server.passphrase)
  await page.getByText('Nothing waits for approval').waitFor(soon)

  await openPage(page, 'Devices')
  await page.getByRole('table').getByRole('link').click()
  await page.getByRole('link', { name: 'office', exact: true }).click()
  await page.getByRole('heading', { level: 1, name: 'Settings of office' }).waitFor(soon)
  const row = page.getByRole('row', { name: /^clipboard to guest/ })
  await row.getByText('organisation: base 1, rule 1').waitFor(soon)
})

it('has each act in its audit, and nothing failed on a page', async () => {
  await openPage(page, 'Audit')
  await page.getByText('The chain holds').waitFor(soon)
  const audit = await page.getByRole('table').innerText()
  for (const action of [
    'user.sign-in-refused',
    'user.signed-in',
    'machine.disk-uploaded',
    'packages.approved',
    'releases.published',
    'desktop.assigned',
    'device.revoked',
  ]) {
    expect(audit).toContain(action)
  }
  expect(faults).toEqual([])
})
