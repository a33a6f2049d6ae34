// SPDX-License-Identifier: Apache-2.0
//
// PO-15 to PO-20: what an engine must be able to do is asked of it by name, and lands in the plan where it can.
import { closedPlan, type LaunchPlan } from '../../src/decision/launch-plan.ts'
import type { SettingCapability } from '../../src/model/setting.ts'
import { noPassword, type Scenario, type WrittenRule } from '../scenario.ts'

interface Enforced {
  readonly name: string
  readonly about: string
  readonly row: string
  readonly rule: WrittenRule
  readonly capability: SettingCapability
  readonly plan: Partial<LaunchPlan>
}

const { sharing, screen, limits, scripts, guestInfo } = closedPlan

const enforced: readonly Enforced[] = [
  {
    ...{ name: 'clipboard-images', about: 'Pictures into the guest', row: 'PO-15', capability: 'clipboard:images' },
    rule: { setting: 'clipboard-images', value: { toGuest: 100_000, fromGuest: 0 } },
    plan: { sharing: { ...sharing, images: { toGuest: 100_000, fromGuest: 0 } } },
  },
  {
    ...{ name: 'drag-and-drop', about: 'Files dragged out of the guest', row: 'PO-15', capability: 'drag-and-drop' },
    rule: { setting: 'drag-and-drop', value: { toGuest: false, fromGuest: true } },
    plan: { sharing: { ...sharing, dragAndDrop: { toGuest: false, fromGuest: true } } },
  },
  {
    ...{ name: 'folders-read-only', about: 'Folders of the host, to read', row: 'PO-15', capability: 'folders:read-only' },
    rule: { setting: 'shared-folders', value: 'read-only' },
    plan: { sharing: { ...sharing, folders: 'read-only' } },
  },
  {
    ...{ name: 'folders-read-write', about: 'Folders of the host, to read and write', row: 'PO-15', capability: 'folders:read-write' },
    rule: { setting: 'shared-folders', value: 'read-write' },
    plan: { sharing: { ...sharing, folders: 'read-write' } },
  },
  {
    ...{ name: 'screen-full', about: 'The full screen', row: 'PO-16', capability: 'screen:full-screen' },
    rule: { setting: 'screen-mode', value: 'full-screen' },
    plan: { screen: { ...screen, mode: 'full-screen' } },
  },
  {
    ...{ name: 'screen-kiosk', about: 'A kiosk', row: 'PO-16', capability: 'screen:kiosk' },
    rule: { setting: 'screen-mode', value: 'kiosk' },
    plan: { screen: { ...screen, mode: 'kiosk' } },
  },
  {
    ...{ name: 'watermark', about: 'Device and user over the picture', row: 'PO-16', capability: 'screen:watermark' },
    rule: { setting: 'watermark', value: 'device-and-user' },
    plan: { screen: { ...screen, watermark: 'device-and-user' } },
  },
  {
    ...{ name: 'screenshots', about: 'Pictures kept by the launcher', row: 'PO-16', capability: 'screen:screenshots' },
    rule: { setting: 'screenshots', value: 'allowed' },
    plan: { screen: { ...screen, screenshots: 'allowed' } },
  },
  {
    ...{ name: 'snapshots-take', about: 'The user takes snapshots', row: 'PO-18', capability: 'snapshots' },
    rule: { setting: 'snapshots', value: { take: true, revert: false } },
    plan: { snapshots: { take: true, revert: false } },
  },
  {
    ...{ name: 'snapshots-revert', about: 'The user goes back to one', row: 'PO-18', capability: 'snapshots' },
    rule: { setting: 'snapshots', value: { take: false, revert: true } },
    plan: { snapshots: { take: false, revert: true } },
  },
  {
    ...{ name: 'disk-changes', about: 'Nothing stays after a power-off', row: 'PO-18', capability: 'disk:discard-changes' },
    rule: { setting: 'disk-changes', value: 'discarded' },
    plan: { diskChanges: 'discarded' },
  },
  {
    ...{ name: 'processor', about: 'Half a processor', row: 'PO-19', capability: 'limit:processor' },
    rule: { setting: 'processor', value: { most: 50 } },
    plan: { limits: { ...limits, processorPercent: 50 } },
  },
  {
    ...{ name: 'disk-growth', about: 'Disks grow by a GiB', row: 'PO-19', capability: 'limit:disk-growth' },
    rule: { setting: 'disk-growth', value: { most: 1024 } },
    plan: { limits: { ...limits, diskGrowthMiB: 1024 } },
  },
  {
    ...{ name: 'network-rate', about: 'A slow network', row: 'PO-19', capability: 'limit:network-rate' },
    rule: { setting: 'network-rate', value: { most: 8 } },
    plan: { limits: { ...limits, networkKbitPerSecond: 8 } },
  },
  {
    ...{ name: 'scripts-power-on', about: 'A script decides before the guest starts', row: 'PO-20', capability: 'scripts' },
    rule: { setting: 'scripts', value: { powerOn: ['vpn-is-up'], powerOff: [], seconds: 10 } },
    plan: { scripts: { ...scripts, powerOn: ['vpn-is-up'], seconds: 10 } },
  },
  {
    ...{ name: 'scripts-power-off', about: 'A script tidies up', row: 'PO-20', capability: 'scripts' },
    rule: { setting: 'scripts', value: { powerOn: [], powerOff: ['tidy'], seconds: 10 } },
    plan: { scripts: { ...scripts, powerOff: ['tidy'], seconds: 10 } },
  },
  {
    ...{ name: 'guest-info', about: 'The host tells the guest its name', row: 'PO-20', capability: 'guest-info' },
    rule: { setting: 'guest-info', value: { toGuest: ['hostname'], fromGuest: [], maxBytes: 64 } },
    plan: { guestInfo: { ...guestInfo, toGuest: ['hostname'], maxBytes: 64 } },
  },
]

const organisation = (...rules: readonly WrittenRule[]) => [{ layer: 'organisation' as const, rules: [noPassword, ...rules] }]

const pairs = enforced.flatMap(({ name, about, row, rule, capability, plan }): readonly Scenario[] => [
  {
    ...{ name: `${name}-able`, about: `${about}: an engine can`, rows: [row], layers: organisation(rule), expect: { plan } },
    change: ({ facts }) => {
      facts.engines = [{ name: 'qemu', capabilities: [capability] }]
    },
  },
  { name: `${name}-unable`, about: `${about}: no engine can`, rows: [row], layers: organisation(rule), expect: 'capability-missing' },
])

const met = (
  name: string,
  about: string,
  row: string,
  rules: readonly [WrittenRule, WrittenRule],
  capability: SettingCapability | null,
  plan: Partial<LaunchPlan>,
) => ({
  ...{ name, about, rows: [row, 'PO-25'], expect: { plan } },
  layers: [...organisation(rules[0]), { layer: 'group' as const, selector: { group: 'staff' }, rules: [rules[1]] }],
  change: ({ facts }: Parameters<NonNullable<Scenario['change']>>[0]) => {
    facts.engines = [{ name: 'qemu', capabilities: capability === null ? [] : [capability] }]
  },
})

export const sessionScenarios: readonly Scenario[] = [
  {
    ...{ name: 'session-default', about: 'Where no rule says anything, nothing of it is there, on an engine that can do nothing of it' },
    ...{ rows: ['PO-15', 'PO-16', 'PO-17', 'PO-18', 'PO-19', 'PO-20'], layers: organisation() },
    change: ({ facts }) => {
      facts.engines = [{ name: 'qemu', capabilities: [] }]
    },
    expect: {
      plan: {
        ...{ sharing, screen, limits, scripts, guestInfo, powerCommands: closedPlan.powerCommands },
        ...{ snapshots: closedPlan.snapshots, diskChanges: closedPlan.diskChanges },
      },
    },
  },
  ...pairs,
  {
    ...{ name: 'power-commands', about: 'The user may pause, and neither reset nor press the power button', rows: ['PO-17'] },
    layers: organisation({ setting: 'power-commands', value: { pause: true, reset: false, powerButton: false } }),
    expect: { plan: { powerCommands: { pause: true, reset: false, powerButton: false } } },
  },
  met(
    ...(['power-commands-meet', 'Offered is what both layers offer', 'PO-17'] as const),
    [
      { setting: 'power-commands', value: { pause: true, reset: true, powerButton: false } },
      { setting: 'power-commands', value: { pause: false, reset: true, powerButton: true } },
    ],
    null,
    { powerCommands: { pause: false, reset: true, powerButton: false } },
  ),
  met(
    ...(['folders-meet', 'The stricter of two', 'PO-15'] as const),
    [
      { setting: 'shared-folders', value: 'read-only' },
      { setting: 'shared-folders', value: 'read-write' },
    ],
    'folders:read-only',
    { sharing: { ...sharing, folders: 'read-only' } },
  ),
  met(
    ...(['drag-and-drop-meet', 'Nothing is left where each layer opens the other direction', 'PO-15'] as const),
    [
      { setting: 'drag-and-drop', value: { toGuest: true, fromGuest: false } },
      { setting: 'drag-and-drop', value: { toGuest: false, fromGuest: true } },
    ],
    null,
    { sharing },
  ),
  met(
    ...(['screen-mode-meet', 'A kiosk over a window', 'PO-16'] as const),
    [
      { setting: 'screen-mode', value: 'kiosk' },
      { setting: 'screen-mode', value: 'window' },
    ],
    'screen:kiosk',
    { screen: { ...screen, mode: 'kiosk' } },
  ),
  met(
    ...(['scripts-meet', 'Every script that a layer asks for, each in the shorter time', 'PO-20'] as const),
    [
      { setting: 'scripts', value: { powerOn: ['vpn-is-up'], powerOff: [], seconds: 20 } },
      { setting: 'scripts', value: { powerOn: ['badge', 'vpn-is-up'], powerOff: ['tidy'], seconds: 5 } },
    ],
    'scripts',
    { scripts: { powerOn: ['badge', 'vpn-is-up'], powerOff: ['tidy'], seconds: 5 } },
  ),
  met(
    ...(['guest-info-meet', 'Only keys that both layers list, as long as the shorter', 'PO-20'] as const),
    [
      { setting: 'guest-info', value: { toGuest: ['hostname', 'site'], fromGuest: ['ready'], maxBytes: 4096 } },
      { setting: 'guest-info', value: { toGuest: ['site'], fromGuest: [], maxBytes: 64 } },
    ],
    'guest-info',
    { guestInfo: { toGuest: ['site'], fromGuest: [], maxBytes: 64 } },
  ),
  met(
    ...(['limits-meet', 'The lower limit', 'PO-19'] as const),
    [
      { setting: 'processor', value: { most: null } },
      { setting: 'processor', value: { most: 150 } },
    ],
    'limit:processor',
    { limits: { ...limits, processorPercent: 150 } },
  ),
]
