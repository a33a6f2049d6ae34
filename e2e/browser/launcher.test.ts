// SPDX-License-Identifier: Apache-2.0
//
// The launcher in a real browser, against a real console and a real daemon, up to a real machine on v86: its disk is random bytes, so what
// is on its screen is the firmware's word that nothing boots.
import type { Browser, Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest'
import { Computer, realWorld } from '../../apps/client-runtime/test/computer.ts'
import { setActivationPassword } from '../../apps/console/src/activation/secrets.ts'
import { reinstateDevice, revokeDevice } from '../../apps/console/src/devices/suspend.ts'
import { newCode, operator, publishDesktop, type World } from '../../apps/console/test/console/world.ts'
import { writeEnrolmentCode } from '../../packages/policy/src/enrolment-code.ts'
import { launchChromium } from './chromium.ts'

const soon = { timeout: 20_000 }
let browser: Browser
beforeAll(async () => {
  browser = await launchChromium()
})
afterAll(() => browser.close())

async function openLauncher(address: string): Promise<{ page: Page; faults: string[] }> {
  const page = await browser.newPage({ viewport: { width: 1280, height: 800 } })
  onTestFinished(() => page.close())
  const faults: string[] = []
  page.on('pageerror', (error) => faults.push(error.message))
  await page.goto(address)
  return { page, faults }
}

const enrolmentCode = async (world: World): Promise<string> => writeEnrolmentCode(await newCode(world))

async function enrol(page: Page, code: string): Promise<void> {
  await page.getByLabel('Enrolment code').fill(code)
  await page.getByRole('button', { name: 'Continue' }).click()
  await page.getByRole('heading', { name: 'Acme Ltd asks to run its desktops on this computer' }).waitFor(soon)
  await page.getByRole('button', { name: 'Agree and enrol' }).click()
}

describe('the launcher', () => {
  it('enrols after consent, activates with licence and passwords, shows the running screen, and says why a revoked desktop is blocked', async () => {
    const [world, computer] = [await realWorld(), await Computer.fresh('real')]
    onTestFinished(() => computer.call('stop', { instance: 'office', how: 'power-off' }).then(undefined, () => undefined))
    const rules = [
      { setting: 'activation', value: 'password' },
      { setting: 'authentication', value: { mode: 'password', minLength: 10, minClasses: 2, tries: 5, lockMinutes: 5 } },
      { setting: 'exit', value: 'user' },
      { setting: 'power-commands', value: { pause: true, reset: false, powerButton: true } },
    ]
    await publishDesktop(world, rules, Buffer.from('Use this desktop for work only.\n'))
    await setActivationPassword(operator, world.console, 'office', 'open sesame')
    const { page, faults } = await openLauncher(computer.launcher)

    await page.getByLabel('Enrolment code').fill('CASEMATE1-NOT-A-CODE')
    await page.getByRole('button', { name: 'Continue' }).click()
    await page.getByText('This is no enrolment code').waitFor(soon)
    await expect(computer.call('status', {})).resolves.toMatchObject({ enrolment: null })
    await enrol(page, await enrolmentCode(world))

    const card = page.getByRole('article', { name: 'Office' })
    await card.getByText('not activated').waitFor(soon)
    await card.getByRole('button', { name: 'Activate' }).click()
    const dialog = page.getByRole('dialog')
    await dialog.getByText('Use this desktop for work only.').waitFor(soon)
    await dialog.getByRole('button', { name: 'I accept' }).click()
    await dialog.getByText('10 characters or more, of 2 kinds or more').waitFor(soon)
    await dialog.getByLabel('Activation password').fill('wrong password')
    for (const label of ['Choose a password for this desktop', 'The same password again']) await dialog.getByLabel(label).fill('tall Trees')
    await dialog.getByRole('button', { name: 'Activate' }).click()
    await dialog.getByText('The activation password or key is not right.').waitFor(soon)
    await dialog.getByLabel('Activation password').fill('open sesame')
    await dialog.getByRole('button', { name: 'Activate' }).click()
    await card.getByRole('button', { name: 'Start' }).click(soon)

    await dialog.getByLabel('Password of this desktop').fill('small Trees')
    await dialog.getByRole('button', { name: 'Start' }).click()
    await dialog.getByText('The password is wrong.').waitFor(soon)
    await dialog.getByLabel('Password of this desktop').fill('tall Trees')
    await dialog.getByRole('button', { name: 'Start' }).click()
    await card.getByText('running', { exact: true }).waitFor({ timeout: 40_000 })
    expect(await card.locator('.badges').innerText()).toMatch(/no network\s+clipboard blocked/)

    const opened = page.waitForEvent('popup')
    await card.getByRole('link', { name: 'Open screen' }).click()
    const screen = await opened
    await expect.poll(() => screen.locator('#screen canvas').count(), soon).toBe(1)
    await expect.poll(() => screen.locator('#state').innerText(), soon).toBe('running')
    await screen.close()

    await card.getByRole('button', { name: 'Pause' }).click()
    await card.getByText('You paused it.').waitFor(soon)
    await card.getByRole('button', { name: 'Resume' }).click()
    await card.getByText('running', { exact: true }).waitFor(soon)

    const { enrolment } = await computer.call('status', {})
    await revokeDevice(operator, world.console, enrolment?.device ?? '', 'the laptop was lost')
    const revokedAt = Date.now()
    await card.getByText('Your organisation has suspended this computer: the laptop was lost.').waitFor(soon)
    expect(Date.now() - revokedAt).toBeLessThan(10_000)
    await card.getByText('Ask help@acme.example.').waitFor(soon)
    await card.getByText('blocked', { exact: true }).waitFor(soon)
    await expect.poll(() => card.getByRole('button', { name: 'Start' }).count(), soon).toBe(0)
    await expect(computer.call('start', { instance: 'office', password: 'tall Trees' })).rejects.toMatchObject({ code: 'refused' })
    await reinstateDevice(operator, world.console, enrolment?.device ?? '')
    await card.getByRole('button', { name: 'Continue' }).waitFor(soon)
    expect(faults).toEqual([])
  })

  it('says what it waits for where nothing is assigned, and how this computer stands', async () => {
    const [world, computer] = [await realWorld(), await Computer.fresh()]
    const { page, faults } = await openLauncher(computer.launcher)
    await enrol(page, await enrolmentCode(world))
    await page.getByRole('heading', { name: 'No desktop yet' }).waitFor(soon)
    await publishDesktop(world)
    await page.getByRole('article', { name: 'Office' }).waitFor(soon)
    await page.getByRole('button', { name: 'This computer' }).click()
    await page.getByText('in contact, last heard').waitFor(soon)
    await page.getByRole('button', { name: 'Check now' }).click()
    await page.getByText('Engine v86: works').waitFor(soon)
    await page.getByText('Console: works').waitFor(soon)
    await world.close()
    await page.getByText('no contact', { exact: true }).waitFor(soon)
    expect(faults).toEqual([])
  })

  it('shows nothing without its token, and goes on by itself when the daemon is back', async () => {
    const computer = await Computer.fresh()
    const { page } = await openLauncher(computer.launcher.replace(/#.*/, ''))
    await page.getByText('The address of this page is not the present one.').waitFor(soon)
    await page.goto('about:blank')
    await page.goto(computer.launcher)
    await page.getByLabel('Enrolment code').waitFor(soon)
    const port = Number(new URL(computer.launcher).port)
    await computer.stop()
    await page.getByText('The Casemate service does not run on this computer.').waitFor(soon)
    await computer.start(port)
    await page.getByLabel('Enrolment code').waitFor(soon)
  })
})
