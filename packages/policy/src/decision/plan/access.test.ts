// SPDX-License-Identifier: Apache-2.0
import { expect, it } from 'vitest'
import { messagesNow } from './access.ts'

it('tells the words of the organisation from their second on', () => {
  const messages = [
    { from: 100, text: 'soon over' },
    { from: 200, text: 'over' },
  ]
  expect(messagesNow({ messages }, 99)).toEqual([])
  expect(messagesNow({ messages }, 100)).toEqual(['soon over'])
  expect(messagesNow({ messages }, 200)).toEqual(['soon over', 'over'])
})
