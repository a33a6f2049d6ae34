// SPDX-License-Identifier: Apache-2.0
import { refusalBox, wordsOf } from './daemon.ts'
import { button, element, fill, progress } from './element.ts'

export interface Step {
  readonly title: string
  readonly content: readonly (HTMLElement | null)[]
  /** Null: there is nothing to be done but to close it. */
  readonly action: string | null
  /** Shown while `act` is under way. */
  readonly waiting?: string
  /** Where one goes who does not want it; without it, out. */
  readonly back?: () => Promise<Step>
  /** What is thrown is shown, and the dialog stays; what follows is the next step, or null where it is done. */
  readonly act: () => Promise<Step | null>
}

/** Goes to another step; `fail` shows what was thrown. */
export interface Go {
  (step: Step): void
  readonly fail: (error: unknown) => void
}

/** A modal dialog of one step or more. Closing it gives up. */
export function openDialog(first: Step): Go {
  const dialog = element('dialog', { 'aria-labelledby': 'dialog-title' })
  dialog.addEventListener('close', () => dialog.remove())
  const fault = element('div', {})
  const fail = (error: unknown): void => {
    fill(fault, refusalBox(wordsOf(error)))
    fault.scrollIntoView({ block: 'nearest' })
  }
  const show = ({ title, content, action, waiting, back, act }: Step): void => {
    fill(fault)
    const go = action === null ? null : element('button', { id: 'dialog-go', type: 'submit', class: 'main' }, action)
    const leave = () => (back === undefined ? dialog.close() : back().then(show, fail))
    const form = element(
      'form',
      {},
      element('h2', { id: 'dialog-title' }, title),
      ...content,
      fault,
      element('div', { class: 'actions' }, button('dialog-cancel', go === null ? 'Close' : 'Cancel', leave), go),
    )
    form.addEventListener('submit', (event) => {
      event.preventDefault()
      if (go === null) return
      go.disabled = true
      fill(fault, waiting === undefined ? null : progress(waiting))
      act()
        .then((next) => (next === null ? dialog.close() : show(next)))
        .catch(fail)
        .finally(() => {
          go.disabled = false
        })
    })
    dialog.replaceChildren(form)
    // On the way out of what cannot be undone.
    const focused = form.querySelector('input') ?? form.querySelector<HTMLElement>('#dialog-cancel')
    focused?.focus()
  }
  show(first)
  document.body.append(dialog)
  dialog.showModal()
  return Object.assign(show, { fail })
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
