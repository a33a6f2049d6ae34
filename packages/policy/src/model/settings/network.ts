// SPDX-License-Identifier: Apache-2.0
//
// What the guest may reach: PO-9.
import { meetNetworks, networkCapabilities, networkSetting, networkWords } from '../network-rules.ts'
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
    capabilities: networkCapabilities,
    needs: '`network:listed`, where servers are listed; `network:domain`, where one is listed by name; `network:deny`, where some is denied',
    words: networkWords,
  }),
}
