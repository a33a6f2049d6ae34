// SPDX-License-Identifier: Apache-2.0
//
// What the guest may reach: PO-9.
import { meetNetworks } from '../network-rules.ts'
import { networkCapabilities, networkSetting, networkWords } from '../network-setting.ts'
import { setting } from '../setting.ts'

export const networkSettings = {
  network: setting({
    row: 'PO-9',
    description: 'On which network the guest is and which servers it may reach; whatever is not listed is refused, outside the guest',
    unit: null,
    value: networkSetting,
    default: { mode: 'none' },
    merge: 'strictest',
    meet: meetNetworks,
    checked: ['power-on', 'running'],
    capabilities: networkCapabilities,
    needs:
      '`network:listed`, where servers are listed; `network:domain`, where one is listed by name; `network:deny`, where some is denied; `network:host-only`, where the host is; `network:isolated`, on an isolated network',
    words: networkWords,
  }),
}
