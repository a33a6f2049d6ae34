// SPDX-License-Identifier: Apache-2.0
import { encode } from 'next-auth/jwt'
import { beforeAll, expect, it } from 'vitest'
import { z } from 'zod'
import { admin } from '../cli/admin.ts'
import { Browser } from './browser.ts'
import { addUser, newOrganisation, type ServedConsole, serveConsole, signedIn } from './served-console.ts'

const sessionCookie = 'next-auth.session-token'
let console: ServedConsole

beforeAll(async () => {
  console = await serveConsole(await newOrganisation())
})

const audit = z.object({ entries: z.array(z.looseObject({ action: z.string(), subject: z.string(), actor: z.string() })) })
const change = async (what: string, login: string) => expect((await admin(['user', what, '--data', console.data, '--login', login])).code).toBe(0)
const needsSignIn = expect.objectContaining({ refused: 'sign-in-needed', status: 401 })

it('lets in with the right password, and with no other; a wrong password and an unknown login are answered alike', async () => {
  const password = await addUser(console, 'alice', 'administrator')
  const browser = new Browser(console.origin)
  const [wrong, unknown] = [await browser.signIn('alice', `${password}x`), await browser.signIn('nobody', password)]
  expect([wrong.status, wrong.text]).toEqual([401, unknown.text])
  expect(unknown.status).toBe(401)
  expect(browser.cookies.has(sessionCookie)).toBe(false)
  expect(await browser.call('list-users')).toEqual(needsSignIn)
  const right = await browser.signIn('alice', password)
  expect(right.status).toBe(200)
  expect(right.headers['set-cookie']?.find((line) => line.startsWith(sessionCookie))).toMatch(/HttpOnly.*SameSite=(Lax|Strict)/i)
  expect(await browser.call('list-users')).toMatchObject({ users: [{ login: 'alice', roles: ['administrator'] }] })
})

it('locks a user after five wrong passwords, the right one too, until an administrator lets it in again', async () => {
  const password = await addUser(console, 'bob', 'auditor')
  const browser = new Browser(console.origin, '127.0.0.2')
  for (let tries = 0; tries < 4; tries += 1) await browser.signIn('bob', 'wrong')
  expect((await browser.signIn('bob', password)).status).toBe(200)
  // All at once: none of them may hide behind another.
  await Promise.all(Array.from({ length: 5 }, () => new Browser(console.origin, '127.0.0.2').signIn('bob', 'wrong')))
  expect((await browser.signIn('bob', password)).status).toBe(401)
  await change('enable', 'bob')
  expect((await browser.signIn('bob', password)).status).toBe(200)
})

it('ends the sessions of a disabled user at once, and begins none', async () => {
  const password = await addUser(console, 'carol', 'auditor')
  const browser = new Browser(console.origin, '127.0.0.3')
  await browser.signIn('carol', password)
  expect(await browser.call('read-audit')).toMatchObject({ head: expect.any(String) })
  await change('disable', 'carol')
  expect(await browser.call('read-audit')).toEqual(needsSignIn)
  expect((await browser.signIn('carol', password)).status).toBe(401)
  await change('enable', 'carol')
  expect(await browser.call('read-audit')).toEqual(needsSignIn)
  expect((await browser.signIn('carol', password)).status).toBe(200)
  expect(await browser.call('read-audit')).toMatchObject({ head: expect.any(String) })
})

it('knows no copied cookie after its user has signed out', async () => {
  const browser = await signedIn(console, 'dave', 'auditor')
  const thief = new Browser(console.origin)
  for (const [name, value] of browser.cookies) thief.cookies.set(name, value)
  expect(await thief.call('list-devices')).toEqual({ devices: [] })
  await browser.signOut()
  expect(await thief.call('list-devices')).toEqual(needsSignIn)
  expect((await thief.get('/machines')).status).toBe(307)
})

it('knows no session from before a new password, and none that was ended by an administrator', async () => {
  const browser = await signedIn(console, 'erin', 'auditor')
  const set = await admin(['user', 'set-password', '--data', console.data, '--login', 'erin', '--json'])
  expect(await browser.call('list-devices')).toEqual(needsSignIn)
  await browser.signIn('erin', JSON.parse(set.stdout).password)
  expect(await browser.call('list-devices')).toEqual({ devices: [] })
  await change('sign-out', 'erin')
  expect(await browser.call('list-devices')).toEqual(needsSignIn)
})

it('knows no cookie that was made with another secret', async () => {
  const browser = await signedIn(console, 'frank', 'auditor')
  expect(await browser.call('list-devices')).toEqual({ devices: [] })
  browser.cookies.set(sessionCookie, await encode({ token: { sub: 'local-operator', generation: 1 }, secret: 'of somebody else' }))
  expect(await browser.call('list-devices')).toEqual(needsSignIn)
})

it('takes so many tries from one address, and goes on answering others', async () => {
  const password = await addUser(console, 'grace', 'auditor')
  const guesser = new Browser(console.origin, '127.0.0.4')
  for (let tries = 0; tries < 20; tries += 1) await guesser.signIn(`guess-${tries}`, 'wrong')
  expect((await guesser.signIn('grace', password)).status).toBe(401)
  expect((await new Browser(console.origin, '127.0.0.5').signIn('grace', password)).status).toBe(200)
})

it('writes in the audit who signed in and who was refused', async () => {
  const browser = await signedIn(console, 'heidi', 'auditor')
  await new Browser(console.origin, '127.0.0.6').signIn('heidi', 'wrong')
  const { entries } = audit.parse(await browser.call('read-audit'))
  expect(entries.filter(({ subject, action }) => subject === 'heidi' && action.startsWith('user.sign'))).toMatchObject([
    { action: 'user.signed-in', actor: 'operator:heidi' },
    { action: 'user.sign-in-refused', actor: 'stranger' },
  ])
})
