// SPDX-License-Identifier: Apache-2.0
//
// The session's page in a real browser, over a real VM: what the user types reaches the guest, what the guest draws reaches the
// canvas, and a blocked session says why and shows nothing.
import { randomBytes } from 'node:crypto'
import { cp, readdir } from 'node:fs/promises'
import { join } from 'node:path'
import type { Browser, Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { Watermark } from '../../packages/engine/src/display/watermark.ts'
import type { Frame } from '../screen/frame.ts'
import { sealVersion } from '../session-host/make-release.ts'
import { makeWorld, removeWorld } from '../session-host/make-world.ts'
import { placesOf } from '../session-host/places.ts'
import type { RunningSession } from '../session-host/running-session.ts'
import { BOOT_LIMIT_MS, PROMPT, startSession, strictPlan, watchScreen } from '../session-host/start-session.ts'
import type { SealedRelease, World } from '../session-host/world.ts'
import { flipByte } from '../story/flip-byte.ts'
import { launchChromium } from './chromium.ts'

let world: World
let release: SealedRelease
let browser: Browser

beforeAll(async () => {
  world = await makeWorld('qemu')
  release = await sealVersion(world, '1')
  browser = await launchChromium()
}, BOOT_LIMIT_MS)

afterAll(async () => {
  await browser.close()
  await removeWorld(world)
})

async function openPage(session: RunningSession): Promise<{ page: Page; faults: string[] }> {
  const page = await browser.newPage({ viewport: { width: 1280, height: 800 } })
  const faults: string[] = []
  page.on('pageerror', (error) => faults.push(error.message))
  page.on('console', (message) => message.type() === 'error' && faults.push(message.text()))
  await page.goto(session.page)
  return { page, faults }
}

/** How many pixels of the page's canvas are lit; null before there is one. */
const litPixels = (page: Page): Promise<number | null> =>
  page.locator('#screen canvas').evaluateAll((found) => {
    const canvas = found[0]
    if (!(canvas instanceof HTMLCanvasElement) || canvas.width === 0) return null
    const data = canvas.getContext('2d')?.getImageData(0, 0, canvas.width, canvas.height).data ?? []
    let lit = 0
    for (let at = 0; at < data.length; at += 4) if ((data[at] ?? 0) > 100) lit += 1
    return lit
  })

/** Whether device and user stand all over the picture, stroke by stroke. */
function marked({ width, height, pixels }: Frame): boolean {
  const ink = new Uint8Array(width * height * 4)
  new Watermark('device eva').draw(ink, { x: 0, y: 0, width }, 0)
  const strokes = Array.from(pixels).filter((_, at) => ink[at * 4] !== 0)
  return strokes.length > 1000 && strokes.every((pixel) => [16, 8, 0].every((shift) => [80, 176].includes((pixel >> shift) & 255)))
}

describe("the session's page", () => {
  it('brings keys to the guest and its picture to the canvas, without an error and with the rules in force', {
    timeout: 2 * BOOT_LIMIT_MS,
  }, async () => {
    const plan = strictPlan(world, release)
    const session = await startSession(world, 'device', release, { plan })
    await session.until((view) => view.state === 'running')
    const screen = await watchScreen(session)
    await screen.waitForText(PROMPT, BOOT_LIMIT_MS)
    const { page, faults } = await openPage(session)
    await expect.poll(() => litPixels(page), { timeout: 20_000 }).toBeGreaterThan(1000)
    const word = randomBytes(4).toString('hex')
    await page.locator('#screen canvas').click()
    await page.keyboard.type(`clear; echo typed-in-${word}\n`, { delay: 30 })
    await screen.waitForText(new RegExp(`^typed-in-${word}`, 'm'), 60_000)
    expect(await page.locator('.facts').innerText()).toMatch(/running\s+no network\s+clipboard blocked/)

    expect(marked(screen.frame)).toBe(false)
    expect(await session.control.picture()).toEqual({ png: null })
    const shown = { mode: 'window', watermark: 'device-and-user', screenshots: 'allowed' } as const
    await session.control.replan({ ...plan, screen: shown })
    await expect.poll(() => marked(screen.frame), { timeout: 20_000 }).toBe(true)
    expect((await session.control.picture()).png).toMatch(/^iVBORw0KGgo/)
    await session.control.replan(plan)
    await expect.poll(() => marked(screen.frame), { timeout: 20_000 }).toBe(false)

    await page.getByRole('button', { name: 'Pause' }).click()
    await session.until((view) => view.state === 'paused')
    await page.getByRole('heading', { name: 'Paused' }).waitFor()
    await page.getByRole('button', { name: 'Resume' }).click()
    await session.until((view) => view.state === 'running')
    expect(faults).toEqual([])
    await page.close()
    screen.close()
    await session.ask('power-off')
    await session.exited
  })

  it('says why a session is blocked and shows no screen', { timeout: BOOT_LIMIT_MS }, async () => {
    const altered = join(world.folder, 'altered-store')
    await cp(placesOf(world.folder).store, altered, { recursive: true })
    const objects = (await readdir(altered, { recursive: true, withFileTypes: true })).filter((entry) => entry.isFile())
    for (const object of objects) await flipByte(join(object.parentPath, object.name))
    const session = await startSession(world, 'blocked', release, { origin: altered })
    await session.until((view) => view.state === 'blocked')
    const { page } = await openPage(session)
    await page.getByRole('heading', { name: 'This desktop is blocked' }).waitFor()
    expect(await page.locator('#notice-code').innerText()).toContain('root-altered')
    expect(await litPixels(page)).toBeNull()
    expect(await page.getByRole('button').allInnerTexts()).toEqual(['Power off'])
    await page.close()
    await session.ask('power-off')
    await session.exited
  })

  it('is told nothing without the token', { timeout: BOOT_LIMIT_MS }, async () => {
    const session = await startSession(world, 'device', release)
    await session.until((view) => view.state === 'running')
    const page = await browser.newPage()
    await page.goto(session.page.replace(/#.*/, ''))
    await page.getByRole('heading', { name: 'The session does not answer' }).waitFor()
    expect(await litPixels(page)).toBeNull()
    await page.goto(session.page)
    await page.reload()
    await expect.poll(() => page.locator('#state').innerText(), { timeout: 20_000 }).toBe('running')
    await page.close()
    await session.ask('power-off')
    await session.exited
  })
})
