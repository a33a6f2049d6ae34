// SPDX-License-Identifier: Apache-2.0
//
// PO-23: which desktops may run on the host, by this desktop's own policy and by those of others on the same host.
import type { HostRules } from '../../src/decision/host-wide.ts'
import { noPassword, type RuleValue, type Scenario } from '../scenario.ts'

const listed = (...desktops: { organisation: string; desktop: string | null }[]): RuleValue<'host-desktops'> => ({ mode: 'listed', desktops })
const office = { organisation: 'example', desktop: 'office' }
const lab = { organisation: 'example', desktop: 'lab' }
const all = (organisation: string) => ({ organisation, desktop: null })
const runs = { plan: { desktop: 'office' } }

const host = (
  name: string,
  about: string,
  own: RuleValue<'host-desktops'>,
  others: readonly (readonly [organisation: string, value: RuleValue<'host-desktops'>])[],
  expect: Scenario['expect'],
  kind: 'power-on' | 'continue' = 'power-on',
): Scenario => ({
  ...{ name: `host-${name}`, about, rows: ['PO-23'], expect },
  layers: [{ layer: 'organisation', rules: [noPassword, { setting: 'host-desktops', value: own }] }],
  change: ({ facts, request }) => {
    facts.hostWide = others.map(([organisation, value]): HostRules => ({ organisation, values: { 'host-desktops': value } }))
    request.kind = kind
  },
})

const any = { mode: 'any' as const }

export const hostDesktopScenarios: readonly Scenario[] = [
  host('any', 'Nobody says anything about the host', any, [['bank', any]], runs),
  host('listed', 'Its own policy lists it', listed(office, lab), [], runs),
  host('organisation', 'Its own policy lists all desktops of its organisation', listed(all('example')), [], runs),
  host('not-itself', 'Its own policy lists another one only', listed(lab), [], 'host-refuses'),
  host('none', 'Its own policy lists none', listed(), [], 'host-refuses'),
  host(
    'other-organisation',
    'The same name in another organisation is another desktop',
    listed({ organisation: 'bank', desktop: 'office' }),
    [],
    'host-refuses',
  ),
  host('other-lets', 'Another organisation on the host lists it', any, [['bank', listed(office, all('bank'))]], runs),
  host('other-refuses', 'Another organisation on the host lists its own desktops only', any, [['bank', listed(all('bank'))]], 'host-refuses'),
  host('other-refuses-running', 'The same while the VM runs', any, [['bank', listed(all('bank'))]], 'host-refuses', 'continue'),
  host(
    'strictest',
    'Of two organisations one lists it',
    any,
    [
      ['bank', listed(office)],
      ['zoo', listed(all('zoo'))],
    ],
    'host-refuses',
  ),
  host('sister', 'Another desktop of its own organisation lists itself only', any, [['example', listed(lab)]], 'host-refuses'),
]
