// SPDX-License-Identifier: Apache-2.0
//
// What every request must be, and that no page shows itself without a session.
import { once } from 'node:events'
import { readdir } from 'node:fs/promises'
import { connect } from 'node:net'
import { dirname, join } from 'node:path'
import { text } from 'node:stream/consumers'
import { policyJsonSchema } from '@casemate/policy/policy'
import { beforeAll, expect, it } from 'vitest'
import { Browser } from './browser.ts'
import { newOrganisation, type ServedConsole, serveConsole, signedIn } from './served-console.ts'

let console: ServedConsole
let alice: Browser

beforeAll(async () => {
  console = await serveConsole(await newOrganisation())
  alice = await signedIn(console, 'alice', 'administrator')
})

it.each([
  ['no origin', { origin: '' }],
  ['another origin', { origin: 'https://elsewhere.example' }],
  ['another host', { host: 'elsewhere.example' }],
])('refuses an act with %s', async (_what, headers) => {
  expect((await alice.post('list-devices', {}, headers)).status).toBe(403)
  expect((await alice.post('list-devices', {})).status).toBe(200)
})

it('refuses pages and uploads under another host, and sign-ins from another origin', async () => {
  expect((await alice.send('GET', '/machines', { headers: { host: 'elsewhere.example' } })).status).toBe(403)
  expect((await alice.send('POST', '/upload/', { headers: { origin: 'https://elsewhere.example' } })).status).toBe(403)
  expect((await alice.send('POST', '/api/auth/callback/credentials', { headers: { origin: 'https://elsewhere.example' } })).status).toBe(403)
  expect((await alice.get('/machines')).status).toBe(200)
})

it('takes JSON only, of bounded length, by POST, for calls that there are', async () => {
  expect((await alice.post('list-devices', {}, { 'content-type': 'text/plain' })).status).toBe(400)
  expect((await alice.send('GET', '/api/v1/list-devices')).status).toBe(404)
  expect(await alice.call('constructor')).toMatchObject({ refused: 'not-found', status: 404 })
  expect(await alice.call('list-devices', { more: 1 })).toMatchObject({ refused: 'input-invalid' })
  expect(await alice.call('stage-policy', { yaml: 'x'.repeat(5_000_000) })).toMatchObject({ refused: 'input-invalid' })
  expect(await alice.call('list-devices')).toEqual({ devices: [] })
})

it('answers an upgrade at once, instead of leaving it open', { timeout: 10_000 }, async () => {
  const { hostname, port, host } = new URL(console.origin)
  const socket = connect(Number(port), hostname)
  await once(socket, 'connect')
  socket.write(`GET /_next/hmr HTTP/1.1\r\nHost: ${host}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n`)
  expect(await text(socket)).toMatch(/^HTTP\/1\.1 426 /)
})

it('lets pages run only its own scripts, and stands in no frame', async () => {
  const { headers, text: page } = await new Browser(console.origin).get('/sign-in')
  const policy = headers['content-security-policy']
  expect(policy).toMatch(/default-src 'none'/)
  expect(policy).toMatch(/frame-ancestors 'none'/)
  expect(headers).toMatchObject({ 'x-content-type-options': 'nosniff', 'referrer-policy': 'same-origin' })
  const [, nonce] = /'nonce-([^']+)'/.exec(String(policy)) ?? []
  const scripts = page.match(/<script\b[^>]*>/g) ?? []
  expect(scripts.length).toBeGreaterThan(0)
  expect(scripts.filter((script) => !script.includes(`nonce="${nonce}"`))).toEqual([])
  expect(String((await new Browser(console.origin).get('/sign-in')).headers['content-security-policy'])).not.toContain(String(nonce))
})

it('gives the schema of policies to whoever asks, and nothing of the organisation', async () => {
  const { status, headers, text: schema } = await new Browser(console.origin).get('/policy.schema.json')
  expect([status, headers['content-type']]).toEqual([200, 'application/schema+json'])
  expect(JSON.parse(schema)).toEqual(JSON.parse(JSON.stringify(policyJsonSchema())))
})

const app = join(import.meta.dirname, '../../app')

/** The address of every page there is, parameters filled in. */
async function pageRoutes(): Promise<readonly string[]> {
  const files = (await readdir(app, { recursive: true })).filter((file) => file.endsWith('page.tsx') && !file.endsWith('-page.tsx'))
  return files.map((file) => {
    const parts = dirname(file).split('/')
    return `/${parts
      .filter((part) => part !== '.' && !part.startsWith('('))
      .map((part) => part.replace(/^\[.*\]$/, 'd-0123456789abcdef'))
      .join('/')}`
  })
}

it('leads to the sign-in page from every page without a session, and shows each with one', async () => {
  const routes = await pageRoutes()
  expect(routes.length).toBeGreaterThan(8)
  const stranger = new Browser(console.origin)
  for (const route of routes.filter((one) => one !== '/sign-in')) {
    const answer = await stranger.get(route)
    expect([route, answer.status, new URL(answer.headers.location ?? '', console.origin).pathname]).toEqual([route, 307, '/sign-in'])
    expect(answer.text).not.toContain('Acme Ltd')
    const shown = await alice.get(route)
    const led =
      shown.status === 307 && shown.headers.location !== undefined ? await alice.get(new URL(shown.headers.location, console.origin).pathname) : shown
    expect([route, led.status]).toEqual([route, 200])
    expect(led.text).toContain('Acme Ltd')
    expect([route, led.text.includes('This page cannot be shown')]).toEqual([route, false])
  }
  expect((await stranger.get('/sign-in')).status).toBe(200)
})
