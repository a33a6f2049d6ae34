// SPDX-License-Identifier: Apache-2.0
import { journalEvent } from '@casemate/policy/event'
import { describe, expect, it } from 'vitest'
import type { SessionEvent } from '../../local-api.ts'
import { journaled } from './journal-events.ts'

const names = { session: 's1', instance: 'office-1', desktop: 'office' }
const of = (type: string, data: SessionEvent['data'] = {}) => journaled(names, { seq: 1, type, data })
const observed = (fields: Readonly<Record<string, string>>) => ({ entry: { type: 'observed', data: { ...names, fields } }, count: null })

describe('what a session host tells', () => {
  it.each([
    ['a medium that went in', of('medium-inserted', { drive: 'cd', name: 'disc.iso' }), observed({ 'medium-inserted': 'cd: disc.iso' })],
    ['a medium that went out', of('medium-ejected', { drive: 'floppy' }), observed({ 'medium-ejected': 'floppy' })],
    [
      'a USB device that the guest got',
      of('usb-attached', { at: '1-2', device: '0781:5567 (class 08)' }),
      observed({ 'usb-attached': '1-2: 0781:5567 (class 08)' }),
    ],
    [
      'a USB device that was taken from it',
      of('usb-detached', { at: '1-2', device: '0781:5567 (class 08)', code: 'usb-changed', detail: 'became another' }),
      observed({ 'usb-detached': '1-2: 0781:5567 (class 08), usb-changed' }),
    ],
    ['a guest whose kernel panicked', of('guest-panicked'), observed({ guest: 'panicked' })],
    ['a guest that stopped feeding its watchdog', of('guest-watchdog'), observed({ guest: 'watchdog' })],
    [
      'a script of the package',
      of('script-ran', { script: 'scan', when: 'power-on', end: '4', output: 'x'.repeat(600) }),
      observed({ script: 'power-on scan: 4', output: 'x'.repeat(500) }),
    ],
    ['a hold', of('held', { reason: 'user' }), observed({ held: 'user' })],
  ])('is an entry: %s', (_name, found, expected) => {
    expect(found).toEqual(expected)
    expect(journalEvent.parse(found.entry)).toEqual(found.entry)
  })

  it.each([
    ['of a form that is not its own', of('medium-inserted', { drive: 'tape', name: 'x' }), 'medium-inserted'],
    ['that has no entry', of('guest-clock-set'), 'guest-clock-set'],
    ['whose name no journal takes', of('Not A Code'), 'unknown-event'],
  ])('is counted: an event %s', (_name, found, counted) => expect(found).toEqual({ entry: null, count: { of: counted, by: 1 } }))

  it('is an entry of name and size, and counted: what the guest told, and why something was refused to it', () => {
    const told = of('guest-info', { name: 'ready', bytes: 3, again: false })
    expect(told).toEqual({ ...observed({ 'guest-info': 'ready: 3 bytes' }), count: { of: 'guest-info', by: 1 } })
    expect(of('guest-info', { name: 'ready', bytes: 4, again: true })).toEqual({ entry: null, count: { of: 'guest-info', by: 1 } })
    const refused = of('guest-info-refused', { code: 'not-listed' })
    expect(refused).toEqual({ ...observed({ 'guest-info-refused': 'not-listed' }), count: { of: 'guest-info-refused', by: 1 } })
    for (const { entry } of [told, refused]) expect(journalEvent.parse(entry)).toEqual(entry)
  })

  it('is an entry and counted: a USB device that was refused', () => {
    const { entry, count } = of('usb-refused', { at: '1-2', device: '0781:5568 (class 08)', code: 'usb-refused' })
    expect(entry).toMatchObject({ data: { fields: { 'usb-refused': '1-2: 0781:5568 (class 08), usb-refused' } } })
    expect(count).toEqual({ of: 'usb-refused', by: 1 })
    expect(journalEvent.parse(entry)).toEqual(entry)
  })

  it('keeps to what a journal holds, however long a name is', () => {
    const { entry } = of('medium-inserted', { drive: 'cd', name: 'n'.repeat(4000) })
    expect(journalEvent.safeParse(entry).success).toBe(true)
  })
})
