// SPDX-License-Identifier: Apache-2.0
import { type LayerOf, noPassword, type Scenario, type WrittenRule } from '../scenario.ts'

const base: LayerOf = { layer: 'organisation', rules: [noPassword] }
const exit = (value: 'user' | 'suspend' | 'power-off', locked = false): WrittenRule => ({ setting: 'exit', value, locked })
const memory = (maxMiB: number, extra: Partial<WrittenRule> = {}): WrittenRule => ({ setting: 'memory', value: { maxMiB }, ...pick(extra) })
const pick = ({ when, locked }: Partial<WrittenRule>) => ({ ...(when === undefined ? {} : { when }), ...(locked === undefined ? {} : { locked }) })

const layered = (name: string, about: string, layers: readonly LayerOf[], expect: Scenario['expect'], change?: Scenario['change']): Scenario => ({
  name,
  about,
  rows: ['PO-25'],
  layers: [base, ...layers],
  expect,
  ...(change === undefined ? {} : { change }),
})
const gives = (memoryMiB: number) => ({ plan: { memoryMiB } })
/** A cap of 128 MiB under a condition; without it the machine has its 512. */
const conditional = (name: string, about: string, when: NonNullable<WrittenRule['when']>, memoryMiB: number, change?: Scenario['change']): Scenario =>
  layered(`when-${name}`, about, [{ layer: 'device', selector: { device: 'laptop-1' }, rules: [memory(128, { when })] }], gives(memoryMiB), change)

/** A cap of 128 MiB, of which a zone would free the guest: the nearest rule counts, and serial output shows which one it was. */
const zoned = (name: string, about: string, serial: 'none' | 'captured', change: Scenario['change']): Scenario =>
  layered(
    name,
    about,
    [{ layer: 'device', selector: { device: 'laptop-1' }, rules: [{ setting: 'serial-port', value: 'captured', when: { network: ['office'] } }] }],
    { plan: { serial } },
    change,
  )

export const layerScenarios: readonly Scenario[] = [
  layered(
    'strictest-wins',
    'The nearer layer is looser and changes nothing',
    [
      { layer: 'organisation', rules: [memory(128)] },
      { layer: 'device', selector: { device: 'laptop-1' }, rules: [memory(256)] },
    ],
    gives(128),
  ),
  layered(
    'strictest-wins-nearer',
    'The nearer layer is stricter',
    [
      { layer: 'organisation', rules: [memory(256)] },
      { layer: 'user', selector: { user: 'ada' }, rules: [memory(128)] },
    ],
    gives(128),
  ),
  layered(
    'nearest-wins',
    'Of a setting that is no matter of security the nearest layer counts',
    [
      { layer: 'organisation', rules: [exit('power-off')] },
      { layer: 'group', selector: { group: 'staff' }, rules: [exit('suspend')] },
      { layer: 'device', selector: { tag: 'floor-2' }, rules: [exit('user')] },
    ],
    { plan: { exit: 'user' } },
  ),
  layered(
    'lock-stops-loosening',
    'Under a lock the nearest layer cannot loosen',
    [
      { layer: 'organisation', rules: [exit('suspend', true)] },
      { layer: 'device', selector: { device: 'laptop-1' }, rules: [exit('user')] },
    ],
    { plan: { exit: 'suspend' } },
  ),
  layered(
    'lock-allows-tightening',
    'Under a lock the nearest layer can tighten',
    [
      { layer: 'organisation', rules: [exit('suspend', true)] },
      { layer: 'device', selector: { device: 'laptop-1' }, rules: [exit('power-off')] },
    ],
    { plan: { exit: 'power-off' } },
  ),
  layered(
    'lock-in-the-middle',
    'A lock binds what is nearer than itself, not what is before it',
    [
      { layer: 'organisation', rules: [exit('power-off')] },
      { layer: 'group', selector: { group: 'staff' }, rules: [exit('suspend', true)] },
      { layer: 'user', selector: { user: 'ada' }, rules: [exit('user')] },
    ],
    { plan: { exit: 'suspend' } },
  ),
  layered(
    'one-layer-meets',
    'Two groups of one user: the stricter counts, whichever stands first',
    [
      { layer: 'group', selector: { group: 'staff' }, rules: [exit('power-off')] },
      { layer: 'group', selector: { group: 'pilots' }, rules: [exit('user')] },
    ],
    { plan: { exit: 'power-off' } },
    ({ lease }) => {
      lease.claims.groups = ['staff', 'pilots']
    },
  ),
  layered(
    'layer-order-is-not-document-order',
    'The device layer is nearest wherever the release lists it',
    [
      { layer: 'device', selector: { device: 'laptop-1' }, rules: [exit('user')] },
      { layer: 'organisation', rules: [exit('power-off')] },
    ],
    { plan: { exit: 'user' } },
  ),
  layered(
    'other-group',
    'A layer for a group in which the user is not',
    [{ layer: 'group', selector: { group: 'guests' }, rules: [memory(128)] }],
    gives(512),
  ),
  layered('other-user', 'A layer for another user', [{ layer: 'user', selector: { user: 'bob' }, rules: [memory(128)] }], gives(512)),
  layered('other-device', 'A layer for another device', [{ layer: 'device', selector: { device: 'laptop-2' }, rules: [memory(128)] }], gives(512)),
  layered(
    'other-tag',
    'A layer for a tag that the device does not have',
    [{ layer: 'device', selector: { tag: 'floor-3' }, rules: [memory(128)] }],
    gives(512),
  ),
  layered(
    'no-user',
    'A layer for a user on a device that has none',
    [{ layer: 'user', selector: { user: 'ada' }, rules: [memory(128)] }],
    gives(512),
    ({ lease }) => {
      lease.claims.user = null
    },
  ),

  conditional('group', 'The user is in one of the groups', { groups: ['guests', 'staff'] }, 128),
  conditional('other-group', 'The user is in none of the groups', { groups: ['guests'] }, 512),
  conditional('tag', 'The device has the tag', { tags: ['floor-2'] }, 128),
  conditional('one-of-two-tags', 'The device has one of the tags', { tags: ['floor-9', 'floor-2'] }, 128),
  conditional('other-tag', 'The device does not have the tag', { tags: ['floor-3'] }, 512),
  conditional('assurance', 'Keys in software', { assurance: ['software'] }, 128),
  conditional('other-assurance', 'Keys in a TPM only', { assurance: ['tpm'] }, 512),
  conditional('runtime', 'Below a version', { runtimeVersion: { below: '0.1.1' } }, 128),
  conditional('runtime-at-its-end', 'Below the version that this is', { runtimeVersion: { below: '0.1.0' } }, 512),
  conditional('runtime-at-its-start', 'From the version on that this is', { runtimeVersion: { atLeast: '0.1.0', below: '0.2.0' } }, 128),
  conditional('other-runtime', 'From a version on', { runtimeVersion: { atLeast: '0.1.1' } }, 512),
  conditional('all-members', 'One member holds, the other does not', { tags: ['floor-2'], groups: ['guests'] }, 512),
  conditional('from-that-second', 'The second from which it holds', { time: { notBefore: '2027-01-15T08:00:00Z' } }, 128),
  conditional('a-second-early', 'One second before', { time: { notBefore: '2027-01-15T08:00:01Z' } }, 512),
  conditional('last-second', 'The last second', { time: { before: '2027-01-15T08:00:01Z' } }, 128),
  conditional('second-after', 'The second from which it no longer holds', { time: { before: '2027-01-15T08:00:00Z' } }, 512),
  conditional('weekly', 'Friday from eight', { time: { weekly: { days: ['fri'], from: '08:00', to: '18:00', utcOffset: '+00:00' } } }, 128),
  conditional('weekly-ends', 'Friday until eight', { time: { weekly: { days: ['fri'], from: '07:00', to: '08:00', utcOffset: '+00:00' } } }, 512),
  conditional('weekly-other-day', 'Saturday', { time: { weekly: { days: ['sat'], from: '00:00', to: '23:59', utcOffset: '+00:00' } } }, 512),
  conditional(
    'weekly-east',
    'Already Saturday fourteen hours east, with sixteen to go',
    { time: { weekly: { days: ['fri'], from: '21:59', to: '22:01', utcOffset: '+14:00' } } },
    128,
  ),
  conditional(
    'weekly-over-midnight',
    'From Thursday evening until Friday at nine',
    { time: { weekly: { days: ['thu'], from: '22:00', to: '09:00', utcOffset: '+00:00' } } },
    128,
  ),
  conditional(
    'weekly-after-midnight-window',
    'The same window, one hour past its end',
    { time: { weekly: { days: ['thu'], from: '22:00', to: '07:00', utcOffset: '+00:00' } } },
    512,
  ),
  conditional(
    'weekly-whole-day',
    'From eight until eight of the day after',
    { time: { weekly: { days: ['fri'], from: '08:00', to: '08:00', utcOffset: '+00:00' } } },
    128,
  ),
  conditional('network-unknown', 'A restriction stays where the zone is unknown', { network: ['cafe'] }, 128),
  conditional(
    'network-observed-elsewhere',
    'A restriction stays where the zone is only observed to be another',
    { network: ['cafe'] },
    128,
    ({ facts }) => {
      facts.network = { value: 'office', from: 'observed' }
    },
  ),
  conditional('network-attested-elsewhere', 'A restriction falls where the zone is proven to be another', { network: ['cafe'] }, 512, ({ facts }) => {
    facts.network = { value: 'office', from: 'attested' }
  }),

  zoned('loosening-attested', 'A loosening under a proven zone', 'captured', ({ facts }) => {
    facts.network = { value: 'office', from: 'attested' }
  }),
  zoned('loosening-observed', 'The same loosening under a zone that was only observed', 'none', ({ facts }) => {
    facts.network = { value: 'office', from: 'observed' }
  }),
  zoned('loosening-unknown', 'The same loosening under an unknown zone', 'none', ({ facts }) => {
    facts.network = null
  }),
  layered(
    'unproven-under-nearest',
    'An unproven restriction that a nearer rule replaces in every case',
    [
      { layer: 'organisation', rules: [{ setting: 'exit', value: 'power-off', when: { network: ['cafe'] } }] },
      { layer: 'device', selector: { device: 'laptop-1' }, rules: [exit('user')] },
    ],
    { plan: { exit: 'user' } },
  ),
  layered(
    'unproven-lock',
    'An unproven restriction that is locked holds against the nearer rule',
    [
      { layer: 'organisation', rules: [{ setting: 'exit', value: 'power-off', locked: true, when: { network: ['cafe'] } }] },
      { layer: 'device', selector: { device: 'laptop-1' }, rules: [exit('user')] },
    ],
    { plan: { exit: 'power-off' } },
  ),
  layered(
    'unproven-loosening-at-the-nearest',
    'An unproven loosening by the nearest layer',
    [
      { layer: 'organisation', rules: [exit('suspend')] },
      { layer: 'device', selector: { device: 'laptop-1' }, rules: [{ setting: 'exit', value: 'user', when: { network: ['office'] } }] },
    ],
    { plan: { exit: 'suspend' } },
  ),
]
