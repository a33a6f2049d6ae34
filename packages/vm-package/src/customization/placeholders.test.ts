// SPDX-License-Identifier: Apache-2.0
import { describe, expect, it } from 'vitest'
import { fillPlaceholders, placeholdersOf } from './placeholders.ts'

describe('placeholders', () => {
  it('are found once each, whatever stands around them', () => {
    const text = 'name: %host_name%-%random_digit(4)%\nuser: %logon_user%%random_alpha(64)%\npw: "%secret(domain-join)%"\nagain: %host_name%'
    expect([...placeholdersOf(text)]).toEqual([
      ['host_name', { kind: 'host_name' }],
      ['random_digit(4)', { kind: 'random_digit', length: 4 }],
      ['logon_user', { kind: 'logon_user' }],
      ['random_alpha(64)', { kind: 'random_alpha', length: 64 }],
      ['secret(domain-join)', { kind: 'secret', name: 'domain-join' }],
    ])
  })

  it.each([
    ...['%logon_users%', '%host%', '%hostname%', '%random_alpha%', '%random_alpha(0)%', '%random_alpha(65)%', '%random_alpha(x)%'],
    ...['%random_digit(-1)%', '%random_beta(3)%', '%secret%', '%secret()%', '%secret(UP)%', '%secrets(a)%', '%logon_user(1)%', '%random_digit(04)%'],
  ])('that are misspelt are refused: %s', (text) => {
    expect(() => placeholdersOf(`x ${text} y`)).toThrow(expect.objectContaining({ code: 'customization-invalid' }))
  })

  it.each(['%SystemRoot%', 'date +%Y-%m-%d', '100 % host_name %', '%%', '%HOST_NAME%', '%host_name', 'host_name%', '%path%'])(
    'are not what other programs write: %s',
    (text) => {
      expect(placeholdersOf(text).size).toBe(0)
      expect(fillPlaceholders(text, new Map())).toBe(text)
    },
  )

  it('are filled with their values as they are, once: a value is no template', () => {
    const values = new Map([
      ['host_name', '%logon_user%'],
      ['random_digit(2)', '$& $1'],
    ])
    expect(fillPlaceholders('%host_name% %random_digit(2)% %host_name%', values)).toBe('%logon_user% $& $1 %logon_user%')
    expect(() => fillPlaceholders('%logon_user%', values)).toThrow(expect.objectContaining({ code: 'customization-invalid' }))
  })
})
