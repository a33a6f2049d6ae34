// SPDX-License-Identifier: Apache-2.0
import { refusalBox, wordsOf } from './daemon.ts'
import { button, element, fill } from './element.ts'

export interface Step {
  readonly title: string
  readonly content: readonly (HTMLElement | null)[]
  readonly action: string
  /** What is thrown is shown, and the dialog stays; what follows is the next step, or null where it is done. */
  readonly act: () => Promise<Step | null>
}

/** A modal dialog of one step or more. Closing it gives up. */
export function openDialog(first: Step): void {
  const dialog = element('dialog', { 'aria-labelledby': 'dialog-title' })
  dialog.addEventListener('close', () => dialog.remove())
  const show = ({ title, content, action, act }: Step): void => {
    const fault = element('div', {})
    const go = element('button', { id: 'dialog-go', type: 'submit', class: 'main' }, action)
    const form = element(
      'form',
      {},
      element('h2', { id: 'dialog-title' }, title),
      ...content,
      fault,
      element(
        'div',
        { class: 'actions' },
        button('dialog-cancel', 'Cancel', () => dialog.close()),
        go,
      ),
    )
    form.addEventListener('submit', (event) => {
      event.preventDefault()
      go.disabled = true
      fill(fault)
      act()
        .then((next) => (next === null ? dialog.close() : show(next)))
        .catch((error: unknown) => {
          fill(fault, refusalBox(wordsOf(error)))
          fault.scrollIntoView({ block: 'nearest' })
        })
        .finally(() => {
          go.disabled = false
        })
    })
    dialog.replaceChildren(form)
    form.querySelector('input')?.focus()
  }
  show(first)
  document.body.append(dialog)
  dialog.showModal()
}

export interface Field {
  readonly label: HTMLElement
  readonly input: HTMLInputElement
}

/** @param hint below the field */
export function secretField(id: string, label: string, hint: string | null, autocomplete: 'current-password' | 'new-password' | 'off'): Field {
  const input = element('input', { id, type: autocomplete === 'off' ? 'text' : 'password', autocomplete, spellcheck: 'false', required: true })
  if (hint !== null) input.setAttribute('aria-describedby', `${id}-hint`)
  const made = element(
    'div',
    { class: 'field' },
    element('label', { for: id }, label),
    input,
    hint === null ? null : element('p', { id: `${id}-hint`, class: 'soft' }, hint),
  )
  return { label: made, input }
}
