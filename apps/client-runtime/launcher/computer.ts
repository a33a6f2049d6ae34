// SPDX-License-Identifier: Apache-2.0
//
// This computer: contact, permission, journal, and the checks of each part that a desktop needs.
import type { CheckView, StatusView } from '../local-api.ts'
import { ask, refusalBox, wordsOf } from './daemon.ts'
import { button, element, prose } from './element.ts'
import { fromNow, moment } from './moment.ts'

const names: Readonly<Record<CheckView['check'], string>> = {
  qemu: 'Engine QEMU',
  v86: 'Engine v86',
  network: 'Listed networks',
  usb: 'USB devices',
  clock: 'Clock',
  'device-key': 'Device key',
  console: 'Console',
  journal: 'Journal',
}

let checks: readonly CheckView[] | null = null
let fault: HTMLElement | null = null
let checking = false

export function computerView(status: StatusView, redraw: () => void): HTMLElement {
  const check = () => {
    checking = true
    redraw()
    ask('doctor', {})
      .then(
        (found) => {
          checks = found.checks
          fault = null
        },
        (error: unknown) => {
          fault = refusalBox(wordsOf(error))
        },
      )
      .finally(() => {
        checking = false
        redraw()
      })
  }
  return element(
    'div',
    { class: 'columns' },
    element('section', { class: 'panel' }, element('h2', {}, 'This computer'), facts(status)),
    element(
      'section',
      { class: 'panel' },
      element('div', { class: 'head' }, element('h2', {}, 'Checks'), button('check', checking ? 'Checking…' : 'Check now', check)),
      fault,
      checks === null
        ? element('p', { class: 'soft' }, 'Each part that a desktop needs is tried: engines, network, clock, console, journal.')
        : element('ul', { class: 'checks' }, ...checks.map(checkRow)),
    ),
  )
}

function facts({ version, clock, enrolment, contact, lease, leaseFault, journal }: StatusView): HTMLElement {
  const { now } = clock
  const rows: (readonly [string, string])[] = [['Runtime', `version ${version}`]]
  if (enrolment !== null) {
    rows.push(['Organisation', `${enrolment.title} (${enrolment.organisation})`], ['Device', enrolment.device], ['Console', enrolment.address])
  }
  if (contact !== null) rows.push(['Contact', contactWords(contact, now)])
  rows.push(['Permission', lease === null ? `none${leaseFault === null ? '' : ` (${leaseFault})`}` : leaseWords(lease, now)])
  if (journal !== null) {
    const kept = journal.unreceipted === 0 ? 'all received by the console' : `${journal.unreceipted} not yet received by the console`
    rows.push(['Journal', `${journal.seq} entries, ${kept}${journal.fault === null ? '' : ` (${journal.fault})`}`])
  }
  rows.push(['Time', `${moment(now)}${clock.behind ? '; the clock of this computer is behind verified time' : ''}`])
  return element('dl', { class: 'facts' }, ...rows.flatMap(([name, value]) => [element('dt', {}, name), element('dd', {}, value)]))
}

function contactWords({ connected, at, fault: last }: NonNullable<StatusView['contact']>, now: number): string {
  const when = at === null ? 'not heard yet' : `last heard ${fromNow(at, now)}`
  return connected ? `in contact, ${when}` : `no contact (${last?.code ?? 'not yet'}), ${when}`
}

function leaseWords({ seq, exp, action }: NonNullable<StatusView['lease']>, now: number): string {
  const what = action === 'run' ? 'may run desktops' : 'suspended'
  return `number ${seq}: ${what}, until ${moment(exp)} (${fromNow(exp, now)})`
}

function checkRow({ check, ok, code, message, hint }: CheckView): HTMLElement {
  return element(
    'li',
    { class: ok ? 'ok' : 'wrong' },
    element('span', { class: 'mark', 'aria-hidden': 'true' }, ok ? '✓' : '✗'),
    element(
      'div',
      {},
      element('p', { class: 'what' }, `${names[check]}: ${ok ? 'works' : 'does not work'}`),
      prose({ class: 'soft' }, message),
      ok ? null : prose({}, hint),
      ok ? null : element('p', { class: 'code' }, code),
    ),
  )
}
