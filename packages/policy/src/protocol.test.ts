// SPDX-License-Identifier: Apache-2.0
import { describe, expect, it } from 'vitest'
import { errorBody, objectRoutes, protocolError, routes, statusOf } from './protocol.ts'

const every = Object.values(routes)

describe('the protocol', () => {
  it('has each path once, below the device prefix', () => {
    const paths = [...every.map(({ path }) => path), ...Object.values(objectRoutes).map(({ prefix }) => prefix)]
    expect(new Set(paths).size).toBe(paths.length)
    for (const path of paths) expect(path).toMatch(/^\/device\/v1\/[a-z-]+\/?$/)
  })

  it('asks for a proof on every call but introduction, enrolment and time', () => {
    expect(Object.entries(routes).flatMap(([name, { proof }]) => (proof ? [] : [name]))).toEqual(['introduce', 'challengeTpm', 'enrol', 'askTime'])
  })

  it('lets a call with a proof fail in each way in which a proof can', () => {
    for (const { proof, errors, path } of every) {
      const named: readonly string[] = errors
      expect(['proof-refused', 'proof-replayed', 'proof-time', 'device-unknown'].filter((code) => named.includes(code)).length, path).toBe(
        proof ? 4 : 0,
      )
    }
  })

  it('uses every named error somewhere, and gives each a status', () => {
    const used = new Set<string>(every.flatMap(({ errors }) => [...errors]))
    // Of the object routes, which answer raw bytes.
    used.add('not-found')
    expect(protocolError.options.filter((code) => !used.has(code))).toEqual([])
    expect(Object.keys(statusOf)).toEqual(protocolError.options)
  })

  it('refuses unknown fields in what it takes', () => {
    expect(routes.askTime.request.safeParse({ nonce: 'A'.repeat(22) }).success).toBe(true)
    expect(routes.askTime.request.safeParse({ nonce: 'A'.repeat(22), note: 1 }).success).toBe(false)
    expect(errorBody.safeParse({ error: { code: 'not-found', message: 'no such object' } }).success).toBe(true)
    expect(errorBody.safeParse({ error: { code: 'odd', message: '' } }).success).toBe(false)
  })

  it.each([
    ['metadata', 'timestamp.json', true],
    ['metadata', '1.root.json', true],
    ['metadata', '12.packages.json', true],
    ['metadata', '../root.json', false],
    ['metadata', '0.root.json', false],
    ['metadata', 'root.json/../x', false],
    ['target', `releases/office/${'ab'.repeat(32)}.7.json`, true],
    ['target', `keys/${'ab'.repeat(32)}.online.json`, true],
    ['target', `releases/../${'ab'.repeat(32)}.7.json`, false],
    ['target', 'releases/office/7.json', false],
    ['object', 'ab'.repeat(32), true],
    ['object', 'AB'.repeat(32), false],
    ['object', `${'ab'.repeat(31)}/..`, false],
  ] as const)('as a name of %s takes %s: %s', (route, name, taken) => {
    expect(objectRoutes[route].name.safeParse(name).success).toBe(taken)
  })
})
