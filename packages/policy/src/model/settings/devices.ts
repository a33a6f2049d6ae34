// SPDX-License-Identifier: Apache-2.0
//
// Which of the host's devices the guest gets: PO-12.
import { z } from 'zod'
import { setting, stricterOf } from '../setting.ts'

// From loosest to strictest.
const serialPort = z.enum(['captured', 'none'])

export const deviceSettings = {
  'serial-port': setting({
    row: 'PO-12',
    description: 'The first serial port of the guest: none, or its output kept by the runtime',
    unit: null,
    value: serialPort,
    default: 'none',
    merge: 'strictest',
    meet: stricterOf(serialPort.options),
    checked: ['power-on', 'running'],
    capabilities: (value) => (value === 'captured' ? ['serial:captured'] : []),
    needs: '`serial:captured`, where its output is kept',
    words: (value) => value,
  }),
}
