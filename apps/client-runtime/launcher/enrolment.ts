// SPDX-License-Identifier: Apache-2.0
//
// Enrolment in two steps: the code, then consent. Between them nothing is kept on this computer and nothing of it is sent.
import type { DaemonResponse } from '../local-api.ts'
import { ask, refusalBox, wordsOf } from './daemon.ts'
import { button, element, fill } from './element.ts'
import { fromNow, moment } from './moment.ts'

const may = [
  'decide which of its desktops may run here, and suspend or end them at any time',
  'set the rules of these desktops: network, clipboard, password, and how long they run without contact',
  'receive a signed journal of these desktops: starts, ends, refusals, wrong passwords, and the versions in use',
  'know this computer by the name that it has in its network, and by a key made for this purpose',
]
const mayNot = ['see your files, your screen or your other programs', 'run anything outside its desktops', 'replace or update Casemate itself']

/** @param done once this computer is enrolled */
export function enrolmentView(done: () => void): HTMLElement {
  const panel = element('section', { class: 'panel narrow' })
  askForCode(panel, '', done)
  return panel
}

function askForCode(panel: HTMLElement, code: string, done: () => void): void {
  const field = element('textarea', { id: 'code', rows: '5', spellcheck: 'false', autocomplete: 'off', placeholder: 'CASEMATE1-…', required: true })
  field.value = code
  const fault = element('div', {})
  const next = element('button', { id: 'continue', type: 'submit', class: 'main' }, 'Continue')
  const form = element(
    'form',
    {},
    element('label', { for: 'code' }, 'Enrolment code'),
    field,
    element('p', { class: 'soft' }, 'Nothing is set up yet: you will see who asks before you agree.'),
    fault,
    element('div', { class: 'actions' }, next),
  )
  form.addEventListener('submit', (event) => {
    event.preventDefault()
    next.disabled = true
    ask('introduce', { code: field.value })
      .then((who) => consent(panel, field.value, who, done))
      .catch((error: unknown) => fill(fault, refusalBox(wordsOf(error))))
      .finally(() => {
        next.disabled = false
      })
  })
  fill(
    panel,
    element('h2', {}, 'Enrol this computer'),
    element('p', {}, 'Paste the code that your organisation gave you. It enrols this one computer.'),
    form,
  )
  field.focus()
}

function consent(panel: HTMLElement, code: string, who: DaemonResponse<'introduce'>, done: () => void): void {
  const fault = element('div', {})
  const agree = button(
    'agree',
    'Agree and enrol',
    () => {
      agree.disabled = true
      ask('enrol', { code })
        .then(done)
        .catch((error: unknown) => fill(fault, refusalBox(wordsOf(error))))
        .finally(() => {
          agree.disabled = false
        })
    },
    'main',
  )
  const facts: readonly (readonly [string, string])[] = [
    ['Organisation', `${who.title} (${who.organisation})`],
    ['Console', who.address],
    ['Identity', who.pinned ? 'proven by the key that your code names' : 'not proven: a connection within this computer'],
    ['Whom to ask', who.contact],
    ['Code can be used', `until ${moment(who.expires)} (${fromNow(who.expires, Date.now() / 1000)})`],
  ]
  const list = (items: readonly string[]) => element('ul', {}, ...items.map((item) => element('li', {}, item)))
  fill(
    panel,
    element('h2', { id: 'consent' }, `${who.title} asks to run its desktops on this computer`),
    element('dl', { class: 'facts' }, ...facts.flatMap(([name, value]) => [element('dt', {}, name), element('dd', {}, value)])),
    element('h3', {}, 'If you agree, it can'),
    list(may),
    element('h3', {}, 'It cannot'),
    list(mayNot),
    fault,
    element(
      'div',
      { class: 'actions' },
      button('cancel', 'Cancel', () => askForCode(panel, code, done)),
      agree,
    ),
  )
  agree.focus()
}
