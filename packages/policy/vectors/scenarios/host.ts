// SPDX-License-Identifier: Apache-2.0
//
// PO-9's zones, PO-10 and PO-11: where the host is and what it is like.
import type { HostPosture } from '../../src/decision/posture.ts'
import type { Posture } from '../../src/model/settings/posture.ts'
import type { RuleValue, Scenario, WrittenRule } from '../scenario.ts'
import { engineWith, organisation } from './enforced.ts'

type Change = NonNullable<Scenario['change']>

const nothing: Posture = { systems: null, diskEncrypted: false, screenLock: false, processes: [], files: [], otherwise: 'refuse' }
const posture = (wanted: Partial<Posture>): WrittenRule => ({ setting: 'posture', value: { ...nothing, ...wanted } })
const observed = <T>(value: T) => ({ value, from: 'observed' as const })

const hostWith =
  (found: Partial<HostPosture>): Change =>
  ({ facts }) => {
    facts.posture = { ...facts.posture, ...found }
  }

const debian = (version: string): Partial<HostPosture> => ({ system: observed({ name: 'debian', version }) })

/** The same policy on a host that is so, and on one that is not. */
const held = (name: string, about: string, wanted: Partial<Posture>, good: Partial<HostPosture>, bad: Partial<HostPosture>): readonly Scenario[] => [
  {
    name: `posture-${name}`,
    about: `${about}: it is so`,
    rows: ['PO-11'],
    layers: organisation(posture(wanted)),
    change: hostWith(good),
    expect: { plan: {} },
  },
  {
    ...{ name: `posture-${name}-not`, about: `${about}: it is not`, rows: ['PO-11'], layers: organisation(posture(wanted)) },
    ...{ change: hostWith(bad), expect: 'posture-failed' as const },
  },
]

const web = { protocol: 'tcp' as const, cidr: '192.0.2.0/24', ports: [443, 443] as [number, number] }
const mend = { protocol: 'tcp' as const, cidr: '192.0.2.8/32', ports: null }
const listed = (...allow: Extract<RuleValue<'network'>, { mode: 'listed' }>['allow']): RuleValue<'network'> => ({ mode: 'listed', allow })
const network: WrittenRule = { setting: 'network', value: listed(web) }
const quarantine = (whenOutdated: boolean, ...allow: readonly (typeof mend)[]): WrittenRule => ({
  setting: 'quarantine',
  value: { whenOutdated, network: allow.length === 0 ? { mode: 'none' } : listed(...allow) },
})
const met = listed({ protocol: 'tcp', cidr: '192.0.2.8/32', ports: [443, 443] })
const gone = { protocol: 'tcp' as const, cidr: '192.0.2.8/32', ports: [443, 443] as [number, number] }
const denying: WrittenRule = { setting: 'quarantine', value: { whenOutdated: true, network: { mode: 'listed', allow: [mend], deny: [gone] } } }
const noFile = '`/etc/agent.conf` is missing'

const quarantined: readonly Scenario[] = (
  [
    ['quarantine-posture', 'The posture fails: only what the quarantine lists of what the policy lists', { files: null }, met, [noFile]],
    ['quarantine-posture-holds', 'The posture holds: the network as the policy lists it', { files: observed(['/etc/agent.conf']) }, listed(web), []],
  ] as const
).map(([name, about, found, left, faults]) => ({
  ...{ name, about, rows: ['PO-10', 'PO-11'] },
  layers: organisation(network, quarantine(false, mend), posture({ files: ['/etc/agent.conf'], otherwise: 'quarantine' })),
  change: hostWith(found),
  expect: { plan: { network: left, quarantine: { posture: [...faults], outdated: null } } },
}))

type Zone = RuleValue<'zones'>['lists'][number][number]
const office: Zone = {
  ...{ name: 'office', signs: [{ addresses: ['10.0.0.0/8'], gateways: ['203.0.113.1/32'], suffixes: ['corp.example.com'] }], proof: 'observed' },
}
const guests: Zone = { name: 'guests', signs: [{ addresses: ['10.9.0.0/16'], gateways: [], suffixes: [] }], proof: 'observed' }
const zones = (...list: readonly Zone[]): WrittenRule => ({ setting: 'zones', value: { lists: [[...list]] } })
const inOffice: WrittenRule = { setting: 'network', value: listed(web), when: { network: ['office'] } }

const at =
  (...addresses: readonly string[]): Change =>
  ({ facts }) => {
    facts.hostNetwork = { addresses: [...addresses], gateways: [], suffixes: [] }
  }

const zoned = (name: string, about: string, rules: readonly WrittenRule[], change: Change, allowed: boolean): Scenario => ({
  ...{ name: `zone-${name}`, about, rows: ['PO-9'], layers: organisation(...rules), change },
  expect: { plan: { network: allowed ? listed(web) : { mode: 'none' } } },
})

export const hostScenarios: readonly Scenario[] = [
  ...held('system', 'The system at its oldest version', { systems: [{ name: 'debian', atLeast: '12' }] }, debian('12.0'), debian('11.9')),
  ...held(
    'system-other',
    'One of two systems',
    {
      systems: [
        { name: 'ubuntu', atLeast: '22.04' },
        { name: 'debian', atLeast: '12' },
      ],
    },
    debian('13'),
    {
      system: observed({ name: 'fedora', version: '43' }),
    },
  ),
  ...held('disk', 'An encrypted disk', { diskEncrypted: true }, { diskEncrypted: observed(true) }, { diskEncrypted: observed(false) }),
  ...held('screen', 'A screen that locks itself; unknown is not so', { screenLock: true }, { screenLock: observed(true) }, { screenLock: null }),
  ...held('process', 'A program that runs', { processes: ['agent'] }, { processes: observed(['agent']) }, { processes: observed([]) }),
  ...held('file', 'A file that is there', { files: ['/etc/agent.conf'] }, { files: observed(['/etc/agent.conf']) }, { files: null }),
  {
    ...{
      name: 'posture-apart',
      about: 'Two layers that take no system in common take none',
      rows: ['PO-11', 'PO-25'],
      change: hostWith(debian('12')),
    },
    layers: [
      ...organisation(posture({ systems: [{ name: 'debian', atLeast: '12' }] })),
      { layer: 'group', selector: { group: 'staff' }, rules: [posture({ systems: [{ name: 'ubuntu', atLeast: '22.04' }] })] },
    ],
    expect: 'posture-failed',
  },
  {
    ...{ name: 'posture-newer', about: 'Of two layers the newer version counts', rows: ['PO-11', 'PO-25'], change: hostWith(debian('12')) },
    layers: [
      ...organisation(posture({ systems: [{ name: 'debian', atLeast: '11' }] })),
      { layer: 'group', selector: { group: 'staff' }, rules: [posture({ systems: [{ name: 'debian', atLeast: '12.1' }] })] },
    ],
    expect: 'posture-failed',
  },
  ...quarantined,
  {
    ...{ name: 'quarantine-outdated', about: 'What a desktop keeps that runs on with an older package', rows: ['PO-10'] },
    layers: organisation(network, quarantine(true, mend)),
    expect: { plan: { network: listed(web), quarantine: { posture: [], outdated: met } } },
  },
  {
    ...{ name: 'quarantine-able', about: 'A quarantine that denies, on an engine that can', rows: ['PO-10'] },
    ...{ layers: organisation(network, denying), change: engineWith('network:listed', 'network:deny') },
    expect: { plan: { network: listed(web), quarantine: { posture: [], outdated: { mode: 'listed', allow: [gone], deny: [gone] } } } },
  },
  {
    ...{ name: 'quarantine-unable', about: 'The same where no engine can, though the network itself denies nothing', rows: ['PO-10'] },
    ...{ layers: organisation(network, denying), change: engineWith('network:listed'), expect: 'capability-missing' },
  },
  {
    ...{ name: 'quarantine-unused', about: 'Where nothing quarantines, nothing is asked of the engine for it', rows: ['PO-10'] },
    ...{ layers: organisation(quarantine(false, mend)), change: engineWith() },
    expect: { plan: { network: { mode: 'none' }, quarantine: { posture: [], outdated: null } } },
  },
  zoned('inside', 'The host has an address of the zone, and the policy takes what is observed', [zones(office), inOffice], at('10.2.3.4/32'), true),
  zoned('outside', 'The host has none', [zones(office), inOffice], at('192.0.2.7/32'), false),
  zoned('unknown', 'Nothing is known of its network', [zones(office), inOffice], () => undefined, false),
  zoned(
    'suffix',
    'It looks names up in a domain of the zone',
    [zones(office), inOffice],
    ({ facts }) => {
      facts.hostNetwork = { addresses: [], gateways: [], suffixes: ['corp.example.com'] }
    },
    true,
  ),
  ...(
    [
      ['gateway', 'Its default gateway is of the zone', '203.0.113.1/32', true],
      ['gateway-other', 'Its default gateway is another one', '203.0.113.2/32', false],
    ] as const
  ).map(([name, about, gateway, allowed]) =>
    zoned(
      name,
      about,
      [zones(office), inOffice],
      ({ facts }) => {
        facts.hostNetwork = { addresses: ['192.0.2.7/32'], gateways: [gateway], suffixes: [] }
      },
      allowed,
    ),
  ),
  zoned(
    'unattested',
    'A zone for which something must vouch proves nothing by an address',
    [zones({ ...office, proof: 'attested' }), inOffice],
    at('10.2.3.4/32'),
    false,
  ),
  zoned(
    'both-signs',
    'Each sign must be there: the second is not',
    [zones({ ...office, signs: [...office.signs, { addresses: ['2001:db8::/32'], gateways: [], suffixes: [] }] }), inOffice],
    at('10.2.3.4/32'),
    false,
  ),
  zoned('first', 'Of two that fit, the first is the zone', [zones(guests, office), inOffice], at('10.9.3.4/32'), false),
  zoned('second', 'Where the first does not fit, the second is the zone', [zones(guests, office), inOffice], at('10.8.3.4/32'), true),
  {
    ...{
      name: 'zone-of-both',
      about: 'A zone is known where both layers know it, each by its own signs',
      rows: ['PO-9', 'PO-25'],
      change: at('10.2.3.4/32'),
    },
    layers: [
      ...organisation(zones(office), inOffice),
      {
        layer: 'group',
        selector: { group: 'staff' },
        rules: [zones({ ...office, signs: [{ addresses: ['10.2.0.0/16'], gateways: [], suffixes: [] }] })],
      },
    ],
    expect: { plan: { network: listed(web) } },
  },
  {
    ...{ name: 'zone-of-one', about: 'A zone that a second layer does not know is no zone', rows: ['PO-9', 'PO-25'], change: at('10.2.3.4/32') },
    layers: [
      ...organisation(zones(office), inOffice),
      { layer: 'group', selector: { group: 'staff' }, rules: [zones({ ...office, name: 'other' })] },
    ],
    expect: { plan: { network: { mode: 'none' } } },
  },
  ...(
    [
      ['zone-hidden-by-a-layer', 'A layer that leaves the first zone out does not put the host into the second one', '10.9.3.4/32', { mode: 'none' }],
      ['zone-of-both-lists', 'Where both lists say the same zone, it is the zone', '10.8.3.4/32', listed(web)],
    ] as const
  ).map(
    ([name, about, address, left]): Scenario => ({
      ...{ name, about, rows: ['PO-9', 'PO-25'], change: at(address), expect: { plan: { network: left } } },
      layers: [...organisation(zones(guests, office), inOffice), { layer: 'group', selector: { group: 'staff' }, rules: [zones(office)] }],
    }),
  ),
]
