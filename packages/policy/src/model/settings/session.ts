// SPDX-License-Identifier: Apache-2.0
//
// How a session is shown and how it ends: PO-17.
import { z } from 'zod'
import { setting, stricterOf } from '../setting.ts'

// From loosest to strictest.
const exit = z.enum(['user', 'suspend', 'power-off'])

export const sessionSettings = {
  exit: setting({
    row: 'PO-17',
    description: 'What closing a session does to the guest',
    unit: null,
    value: exit,
    default: 'power-off',
    merge: 'nearest',
    meet: stricterOf(exit.options),
    checked: ['power-on', 'running'],
    capabilities: (value) => (value === 'suspend' ? ['suspend'] : []),
    needs: '`suspend`, where closing suspends',
    words: (value) => ({ user: 'the user decides', suspend: 'suspend', 'power-off': 'power off' })[value],
  }),
}
