// SPDX-License-Identifier: Apache-2.0
//
// What the guest may reach: PO-9.
import { meetNetworks, networkRuleWords, networkSetting } from '../network-rules.ts'
import { setting } from '../setting.ts'

export const networkSettings = {
  network: setting({
    row: 'PO-9',
    description: 'Which servers the guest may reach; whatever is not listed is refused, outside the guest',
    unit: null,
    value: networkSetting,
    default: { mode: 'none' },
    merge: 'strictest',
    meet: meetNetworks,
    checked: ['power-on', 'running'],
    capabilities: ({ mode }) => (mode === 'listed' ? ['network:listed'] : []),
    needs: '`network:listed`, where servers are listed',
    words: (value) => (value.mode === 'none' ? 'none' : `only ${value.allow.map(networkRuleWords).join(', ')}`),
  }),
}
