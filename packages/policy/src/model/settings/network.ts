// SPDX-License-Identifier: Apache-2.0
//
// What the guest may reach: PO-9.
import { meetNetworks, type NetworkSetting, networkSetting, networkWords } from '../network-rules.ts'
import { type SettingCapability, setting } from '../setting.ts'

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

function networkCapabilities(network: NetworkSetting): readonly SettingCapability[] {
  if (network.mode === 'none') return []
  const { allowDomains = [], deny = [], denyDomains = [] } = network
  return [
    'network:listed' as const,
    ...(allowDomains.length + denyDomains.length > 0 ? ['network:domain' as const] : []),
    ...(deny.length + denyDomains.length > 0 ? ['network:deny' as const] : []),
  ]
}
