// SPDX-License-Identifier: Apache-2.0
//
// PO-15 to PO-20: what an engine must be able to do is asked of it by name, and lands in the plan where it can.
import { closedPlan } from '../../src/decision/launch-plan.ts'
import type { Scenario } from '../scenario.ts'
import { bothWays, type Enforced, engineWith, met, organisation } from './enforced.ts'

const { sharing, screen, limits, scripts, guestInfo } = closedPlan

const enforced: readonly Enforced[] = [
  {
    ...{ name: 'clipboard-images', about: 'Pictures into the guest', row: 'PO-15', capabilities: ['clipboard:images'] },
    rule: { setting: 'clipboard-images', value: { toGuest: 100_000, fromGuest: 0 } },
    plan: { sharing: { ...sharing, images: { toGuest: 100_000, fromGuest: 0 } } },
  },
  {
    ...{ name: 'drag-and-drop', about: 'Files dragged out of the guest', row: 'PO-15', capabilities: ['drag-and-drop'] },
    rule: { setting: 'drag-and-drop', value: { toGuest: false, fromGuest: true } },
    plan: { sharing: { ...sharing, dragAndDrop: { toGuest: false, fromGuest: true } } },
  },
  {
    ...{ name: 'folders-read-only', about: 'Folders of the host, to read', row: 'PO-15', capabilities: ['folders:read-only'] },
    rule: { setting: 'shared-folders', value: 'read-only' },
    plan: { sharing: { ...sharing, folders: 'read-only' } },
  },
  {
    ...{ name: 'folders-read-write', about: 'Folders of the host, to read and write', row: 'PO-15', capabilities: ['folders:read-write'] },
    rule: { setting: 'shared-folders', value: 'read-write' },
    plan: { sharing: { ...sharing, folders: 'read-write' } },
  },
  {
    ...{ name: 'screen-full', about: 'The full screen', row: 'PO-16', capabilities: ['screen:full-screen'] },
    rule: { setting: 'screen-mode', value: 'full-screen' },
    plan: { screen: { ...screen, mode: 'full-screen' } },
  },
  {
    ...{ name: 'screen-kiosk', about: 'A kiosk', row: 'PO-16', capabilities: ['screen:kiosk'] },
    rule: { setting: 'screen-mode', value: 'kiosk' },
    plan: { screen: { ...screen, mode: 'kiosk' } },
  },
  {
    ...{ name: 'watermark', about: 'Device and user over the picture', row: 'PO-16', capabilities: ['screen:watermark'] },
    rule: { setting: 'watermark', value: 'device-and-user' },
    plan: { screen: { ...screen, watermark: 'device-and-user' } },
  },
  {
    ...{ name: 'screenshots', about: 'Pictures kept by the launcher', row: 'PO-16', capabilities: ['screen:screenshots'] },
    rule: { setting: 'screenshots', value: 'allowed' },
    plan: { screen: { ...screen, screenshots: 'allowed' } },
  },
  {
    ...{ name: 'snapshots-take', about: 'The user takes snapshots', row: 'PO-18', capabilities: ['snapshots'] },
    rule: { setting: 'snapshots', value: { take: true, revert: false } },
    plan: { snapshots: { take: true, revert: false } },
  },
  {
    ...{ name: 'snapshots-revert', about: 'The user goes back to one', row: 'PO-18', capabilities: ['snapshots'] },
    rule: { setting: 'snapshots', value: { take: false, revert: true } },
    plan: { snapshots: { take: false, revert: true } },
  },
  {
    ...{ name: 'disk-changes', about: 'Nothing stays after a power-off', row: 'PO-18', capabilities: ['disk:discard-changes'] },
    rule: { setting: 'disk-changes', value: 'discarded' },
    plan: { diskChanges: 'discarded' },
  },
  {
    ...{ name: 'processor', about: 'Half a processor', row: 'PO-19', capabilities: ['limit:processor'] },
    rule: { setting: 'processor', value: { most: 50 } },
    plan: { limits: { ...limits, processorPercent: 50 } },
  },
  {
    ...{ name: 'disk-growth', about: 'Disks grow by a GiB', row: 'PO-19', capabilities: ['limit:disk-growth'] },
    rule: { setting: 'disk-growth', value: { most: 1024 } },
    plan: { limits: { ...limits, diskGrowthMiB: 1024 } },
  },
  {
    ...{ name: 'disk-rate', about: 'Slow disks', row: 'PO-19', capabilities: ['limit:disk-rate'] },
    rule: { setting: 'disk-rate', value: { most: 1024 } },
    plan: { limits: { ...limits, diskKiBPerSecond: 1024 } },
  },
  {
    ...{ name: 'network-rate', about: 'A slow network', row: 'PO-19', capabilities: ['limit:network-rate'] },
    rule: { setting: 'network-rate', value: { most: 8 } },
    plan: { limits: { ...limits, networkKbitPerSecond: 8 } },
  },
  {
    ...{ name: 'scripts-power-on', about: 'A script decides before the guest starts', row: 'PO-20', capabilities: ['scripts'] },
    rule: { setting: 'scripts', value: { powerOn: ['vpn-is-up'], powerOff: [], seconds: 10 } },
    plan: { scripts: { ...scripts, powerOn: ['vpn-is-up'], seconds: 10 } },
  },
  {
    ...{ name: 'scripts-power-off', about: 'A script tidies up', row: 'PO-20', capabilities: ['scripts'] },
    rule: { setting: 'scripts', value: { powerOn: [], powerOff: ['tidy'], seconds: 10 } },
    plan: { scripts: { ...scripts, powerOff: ['tidy'], seconds: 10 } },
  },
  {
    ...{ name: 'guest-info', about: 'The host tells the guest its name', row: 'PO-20', capabilities: ['guest-info'] },
    rule: { setting: 'guest-info', value: { toGuest: ['hostname'], fromGuest: [], maxBytes: 64 } },
    plan: { guestInfo: { ...guestInfo, toGuest: ['hostname'], maxBytes: 64 } },
  },
]

export const sessionScenarios: readonly Scenario[] = [
  {
    ...{ name: 'session-default', about: 'Where no rule says anything, nothing of it is there, on an engine that can do nothing of it' },
    ...{ rows: ['PO-15', 'PO-16', 'PO-17', 'PO-18', 'PO-19', 'PO-20'], layers: organisation() },
    change: engineWith(),
    expect: {
      plan: {
        ...{ sharing, screen, limits, scripts, guestInfo, powerCommands: closedPlan.powerCommands },
        ...{ snapshots: closedPlan.snapshots, diskChanges: closedPlan.diskChanges },
      },
    },
  },
  ...enforced.flatMap(bothWays),
  {
    ...{ name: 'power-commands', about: 'The user may pause, and neither reset nor press the power button', rows: ['PO-17'] },
    layers: organisation({ setting: 'power-commands', value: { pause: true, reset: false, powerButton: false } }),
    expect: { plan: { powerCommands: { pause: true, reset: false, powerButton: false } } },
  },
  met(
    {
      name: 'power-commands-meet',
      about: 'Offered is what both layers offer',
      row: 'PO-17',
      capabilities: [],
      plan: { powerCommands: { pause: false, reset: true, powerButton: false } },
    },
    { setting: 'power-commands', value: { pause: true, reset: true, powerButton: false } },
    { setting: 'power-commands', value: { pause: false, reset: true, powerButton: true } },
  ),
  met(
    {
      name: 'folders-meet',
      about: 'The stricter of two',
      row: 'PO-15',
      capabilities: ['folders:read-only'],
      plan: { sharing: { ...sharing, folders: 'read-only' } },
    },
    { setting: 'shared-folders', value: 'read-only' },
    { setting: 'shared-folders', value: 'read-write' },
  ),
  met(
    {
      name: 'drag-and-drop-meet',
      about: 'Nothing is left where each layer opens the other direction',
      row: 'PO-15',
      capabilities: [],
      plan: { sharing },
    },
    { setting: 'drag-and-drop', value: { toGuest: true, fromGuest: false } },
    { setting: 'drag-and-drop', value: { toGuest: false, fromGuest: true } },
  ),
  met(
    {
      name: 'screen-mode-meet',
      about: 'A kiosk over a window',
      row: 'PO-16',
      capabilities: ['screen:kiosk'],
      plan: { screen: { ...screen, mode: 'kiosk' } },
    },
    { setting: 'screen-mode', value: 'kiosk' },
    { setting: 'screen-mode', value: 'window' },
  ),
  met(
    {
      name: 'scripts-meet',
      about: 'Every script that a layer asks for, each in the shorter time',
      row: 'PO-20',
      capabilities: ['scripts'],
      plan: { scripts: { powerOn: ['badge', 'vpn-is-up'], powerOff: ['tidy'], seconds: 5 } },
    },
    { setting: 'scripts', value: { powerOn: ['vpn-is-up'], powerOff: [], seconds: 20 } },
    { setting: 'scripts', value: { powerOn: ['badge', 'vpn-is-up'], powerOff: ['tidy'], seconds: 5 } },
  ),
  met(
    {
      name: 'guest-info-meet',
      about: 'Only keys that both layers list, as long as the shorter',
      row: 'PO-20',
      capabilities: ['guest-info'],
      plan: { guestInfo: { toGuest: ['site'], fromGuest: [], maxBytes: 64 } },
    },
    { setting: 'guest-info', value: { toGuest: ['hostname', 'site'], fromGuest: ['ready'], maxBytes: 4096 } },
    { setting: 'guest-info', value: { toGuest: ['site'], fromGuest: [], maxBytes: 64 } },
  ),
  met(
    {
      name: 'limits-meet',
      about: 'The lower limit',
      row: 'PO-19',
      capabilities: ['limit:processor'],
      plan: { limits: { ...limits, processorPercent: 150 } },
    },
    { setting: 'processor', value: { most: null } },
    { setting: 'processor', value: { most: 150 } },
  ),
]
