// SPDX-License-Identifier: Apache-2.0
//
// Administrator mode: the password of whoever looks after this computer, for a while. What it loosens is said before it is typed.
import type { DesktopView } from '../local-api.ts'
import { ask } from './daemon.ts'
import { openDialog, secretField } from './dialog.ts'
import { button, element } from './element.ts'

type Mode = NonNullable<DesktopView['administrator']>

export function administratorButton({ desktop, title }: DesktopView, mode: Mode, leave: () => void): HTMLElement {
  if (mode.until !== null) return button(`${desktop}-leave-administrator`, 'Leave administrator mode', leave)
  return button(`${desktop}-administrator`, 'Administrator mode', () => enter(desktop, title, mode))
}

function enter(desktop: string, title: string, { settings, maxMinutes }: Mode): void {
  const password = secretField('administrator-password', 'Password of the administrator', null, 'current-password')
  const minutes = element('input', {
    id: 'administrator-minutes',
    type: 'number',
    min: '1',
    max: `${maxMinutes}`,
    value: `${maxMinutes}`,
    required: true,
  })
  openDialog({
    title: `Administrator mode for ${title}`,
    content: [
      element('p', {}, 'For administrators only. It is written down that it was used, and it ends by itself. While it is on, these are loosened:'),
      element('ul', {}, ...settings.map((name) => element('li', {}, element('code', {}, name)))),
      password.label,
      element('div', { class: 'field' }, element('label', { for: 'administrator-minutes' }, `Minutes, ${maxMinutes} at most`), minutes),
    ],
    action: 'Enter',
    act: async () => {
      await ask('enterAdministratorMode', { desktop, password: password.input.value, minutes: minutes.valueAsNumber, settings: null })
      return null
    },
  })
}
