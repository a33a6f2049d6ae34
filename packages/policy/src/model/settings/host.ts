// SPDX-License-Identifier: Apache-2.0
//
// What holds for the whole host, whichever desktop runs on it: PO-23. Of several desktops and organisations on one host all that is said
// here meets.
import { hostDesktops, hostDesktopWords, meetHostDesktops } from '../host-desktops.ts'
import { none, setting } from '../setting.ts'

export const hostSettings = {
  'host-desktops': setting({
    row: 'PO-23',
    description: 'Which desktops of which organisations may run on a computer that has this desktop, itself included',
    unit: null,
    value: hostDesktops,
    default: { mode: 'any' },
    merge: 'strictest',
    meet: meetHostDesktops,
    checked: ['power-on', 'running'],
    capabilities: none,
    needs: null,
    words: hostDesktopWords,
  }),
}
