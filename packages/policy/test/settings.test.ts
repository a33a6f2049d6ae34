// SPDX-License-Identifier: Apache-2.0
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { catalogue, type SettingName, settingNames } from '../src/model/settings.ts'
import { values } from './arbitraries.ts'

function lawsOf<N extends SettingName>(name: N) {
  const { meet, value: schema, default: none, words, unit, description, row, checked, capabilities } = catalogue[name]
  const value = values[name]

  it('meets in any order, in any grouping, and with itself without a change', () => {
    fc.assert(
      fc.property(value, value, value, (a, b, c) => {
        expect(meet(a, b)).toEqual(meet(b, a))
        expect(meet(meet(a, b), c)).toEqual(meet(a, meet(b, c)))
        const normal = meet(a, a)
        expect(meet(normal, normal)).toEqual(normal)
        expect(meet(a, b)).toEqual(meet(normal, b))
      }),
    )
  })

  it('writes what it met in one spelling, which the schema reads', () => {
    fc.assert(
      fc.property(value, value, (a, b) => {
        const met = meet(a, b)
        expect(JSON.stringify(meet(b, a))).toBe(JSON.stringify(met))
        expect(JSON.stringify(schema.parse(met))).toBe(JSON.stringify(met))
      }),
    )
  })

  it('has a default in normal form that needs nothing of an engine, words for people, and says what it is', () => {
    expect(JSON.stringify(meet(none, none))).toBe(JSON.stringify(schema.parse(none)))
    expect(capabilities(none)).toEqual([])
    fc.assert(fc.property(value, (a) => void expect(words(a)).toMatch(/^[a-z0-9].{1,}/)))
    expect(description).toMatch(/^[A-Z].{20,}[^.]$/)
    expect(row).toMatch(/^PO-\d+$/)
    expect(checked.length).toBeGreaterThan(0)
    if (unit !== null) expect(unit).toMatch(/^[a-zKM]/)
  })
}

describe.each(settingNames)('the setting `%s`', (name) => lawsOf(name))

describe('the catalogue', () => {
  it('has the settings of this milestone, by row', () => {
    expect(settingNames.map((name) => `${catalogue[name].row} ${name}`)).toEqual([
      'PO-1 activation',
      'PO-1 activation-users',
      'PO-1 activation-instances',
      'PO-2 authentication',
      'PO-6 moved-instances',
      'PO-3 re-authentication',
      'PO-4 expiry',
      'PO-4 expiry-texts',
      'PO-5 offline',
      'PO-5 check-in',
      'PO-9 zones',
      'PO-9 network',
      'PO-11 posture',
      'PO-10 quarantine',
      'PO-12 serial-port',
      'PO-12 parallel-port',
      'PO-12 cd-drive',
      'PO-12 floppy-drive',
      'PO-12 sound',
      'PO-13 usb',
      'PO-14 printer',
      'PO-15 clipboard-to-guest',
      'PO-15 clipboard-from-guest',
      'PO-15 clipboard-images',
      'PO-15 drag-and-drop',
      'PO-15 shared-folders',
      'PO-16 screen-mode',
      'PO-16 watermark',
      'PO-16 screenshots',
      'PO-17 exit',
      'PO-17 power-commands',
      'PO-18 snapshots',
      'PO-18 disk-changes',
      'PO-19 memory',
      'PO-19 processor',
      'PO-19 disk-growth',
      'PO-19 disk-rate',
      'PO-19 network-rate',
      'PO-20 scripts',
      'PO-20 guest-info',
      'PO-21 administrator-mode',
      'PO-22 overrides',
      'PO-23 host-desktops',
    ])
  })

  it.each([
    ['activation-users', { mode: 'anyone', allOf: [] }],
    ['activation-users', { mode: 'listed', allOf: [{ users: [' ada'], groups: [] }] }],
    ['expiry', { afterDays: 0, lastDay: null, warnDays: 0 }],
    ['expiry', { afterDays: null, lastDay: '2027-02-30', warnDays: 0 }],
    ['re-authentication', { afterSleep: true, idleMinutes: 0 }],
    ['expiry-texts', { warning: 'x'.repeat(201), ended: null }],
    ['expiry-texts', { warning: 'one\ntwo', ended: null }],
    ['offline', { warnMinutes: 20, restrictMinutes: 10, suspendMinutes: 30, maxRuntimeMinutes: null, maxBoots: null }],
    ['offline', { warnMinutes: null, restrictMinutes: null, suspendMinutes: 30, maxRuntimeMinutes: null, maxBoots: null }],
    ['authentication', { mode: 'none', tries: 3 }],
    ['authentication', { mode: 'script', script: '../sh' }],
    ['authentication', { mode: 'directory', script: 'badge' }],
    ['network', { mode: 'listed', allow: [] }],
    ['network', { mode: 'none', allow: [] }],
    ['memory', { maxMiB: 15 }],
    ['clipboard-to-guest', { maxTextBytes: 1_048_577 }],
    ['serial-port', 'on'],
    ['zones', { lists: [[{ name: 'office', signs: [{ addresses: [], gateways: [], suffixes: [] }], proof: 'observed' }]] }],
    ['zones', { lists: [] }],
    ['posture', { systems: null, diskEncrypted: false, screenLock: false, processes: [], files: ['/etc/../x'], otherwise: 'refuse' }],
    [
      'posture',
      { systems: [{ name: 'debian', atLeast: 'twelve' }], diskEncrypted: false, screenLock: false, processes: [], files: [], otherwise: 'refuse' },
    ],
    ['overrides', { ...catalogue.overrides.default, extendDays: -1 }],
    ['overrides', { ...catalogue.overrides.default, rescue: ['offline', 'offline'] }],
    ['overrides', { ...catalogue.overrides.default, exceptions: ['user', 'suspend'].map((value) => ({ setting: 'exit', value })) }],
    ['overrides', { ...catalogue.overrides.default, exceptions: [{ setting: 'authentication', value: { mode: 'none' } }] }],
    ['administrator-mode', { mode: 'password' }],
    ['administrator-mode', { mode: 'password', key: 'AAAA', maxMinutes: 1, tries: 1, lockMinutes: 1, allows: [{ setting: 'exit', value: 'user' }] }],
    ['processor', { most: 0 }],
    ['disk-rate', { most: 63 }],
    ['network-rate', { most: 7 }],
    ['scripts', { powerOn: ['../sh'], powerOff: [], seconds: 30 }],
    ['scripts', { powerOn: ['a', 'a'], powerOff: [], seconds: 30 }],
    ['scripts', { powerOn: [], powerOff: [], seconds: 301 }],
    ['guest-info', { toGuest: [], fromGuest: [], maxBytes: 4097 }],
    ['clipboard-images', { toGuest: 67_108_865, fromGuest: 0 }],
  ] as const)('refuses for `%s` the value %j, and takes its default', (name, value) => {
    expect(catalogue[name].value.safeParse(value).success).toBe(false)
    expect(catalogue[name].value.safeParse(catalogue[name].default).success).toBe(true)
  })
})
