// SPDX-License-Identifier: Apache-2.0
import { expect, it } from 'vitest'
import { faultSentence } from './fault-words.ts'

it('makes a sentence of the console’s message, and keeps the names in it', () => {
  expect(faultSentence({ code: 'not-found', message: 'expected a published package `base` 1' })).toBe('Expected a published package “base” 1.')
})

it('says in words what a message about keys and bytes means', () => {
  expect(faultSentence({ code: 'pending-exists', message: 'a version of `policies` waits' })).toMatch(/Approve or withdraw it first/)
})

it('is not led astray by a code that is a name of every object', () => {
  expect(faultSentence({ code: 'constructor', message: '' })).toBe('Something went wrong.')
})
