// SPDX-License-Identifier: Apache-2.0
import { describe, expect, it } from 'vitest'
import { checkCall, checkHost, checkUpgrade } from './door.ts'

const ORIGIN = 'http://127.0.0.1:4000'
const TOKEN = 'a'.repeat(43)
const call = (change: Readonly<{ origin?: string; authorization?: string }>) =>
  checkCall({ origin: ORIGIN, authorization: `Bearer ${TOKEN}`, ...change }, ORIGIN, TOKEN)
const upgrade = (headers: Readonly<Record<string, string>>) =>
  checkUpgrade(
    { headers: { host: '127.0.0.1:4000', origin: ORIGIN, 'sec-websocket-protocol': `binary, casemate.token.${TOKEN}`, ...headers } },
    ORIGIN,
    TOKEN,
  )

describe('the viewer door', () => {
  it('knows itself by its own host and refuses a name that was bound to its address', () => {
    expect(checkHost('127.0.0.1:4000', ORIGIN)).toBeNull()
    expect(checkHost('evil.example:4000', ORIGIN)).toBe('host-refused')
    expect(checkHost(undefined, ORIGIN)).toBe('host-refused')
  })

  it('takes a call of its own page with the token and refuses the same call from another page', () => {
    expect(call({})).toBeNull()
    expect(call({ origin: 'http://127.0.0.1:4001' })).toBe('origin-refused')
  })

  it('refuses a call without the token, with another one, and with a longer one', () => {
    expect(checkCall({ origin: ORIGIN, authorization: undefined }, ORIGIN, TOKEN)).toBe('token-refused')
    expect(call({ authorization: `Bearer ${'b'.repeat(43)}` })).toBe('token-refused')
    expect(call({ authorization: `Bearer ${TOKEN}a` })).toBe('token-refused')
    expect(call({ authorization: TOKEN })).toBe('token-refused')
  })

  it('takes a WebSocket of its own page with the token and refuses any of the three wrong', () => {
    expect(upgrade({})).toBeNull()
    expect(upgrade({ host: 'evil.example' })).toBe('host-refused')
    expect(upgrade({ origin: 'http://evil.example' })).toBe('origin-refused')
    expect(upgrade({ 'sec-websocket-protocol': 'binary' })).toBe('token-refused')
  })
})
