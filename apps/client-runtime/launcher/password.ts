// SPDX-License-Identifier: Apache-2.0
import type { DesktopView, InstanceView } from '../local-api.ts'
import { ask, Refused } from './daemon.ts'
import { openDialog, type Step, secretField } from './dialog.ts'
import { element } from './element.ts'
import { refusalWords } from './words.ts'

type Rules = NonNullable<DesktopView['password']>

/** The rules as the daemon gave them; it is the one who checks. */
function rulesWords({ minLength, minClasses }: Rules): string {
  const kinds = minClasses > 1 ? `, of ${minClasses} kinds or more: lower case, upper case, digits, anything else` : ''
  return `${minLength} characters or more${kinds}. It opens the disks of this desktop on this computer; nobody can read it back.`
}

export function newPassword(rules: Rules): { readonly content: readonly HTMLElement[]; readonly read: () => string } {
  const first = secretField('new-password', 'Choose a password for this desktop', rulesWords(rules), 'new-password')
  const again = secretField('repeat-password', 'The same password again', null, 'new-password')
  return {
    content: [first.label, again.label],
    read: () => {
      if (first.input.value !== again.input.value) throw new Refused(refusalWords({ code: 'passwords-differ', message: '', reasons: [] }))
      return first.input.value
    },
  }
}

/** Starts with the password, or with a new one where there is none yet. */
export function askToStart(view: DesktopView, rules: Rules, { instance }: InstanceView, start: (password: string) => Promise<void>): void {
  openDialog(rules.set ? typed(view, start) : chosen(view, rules, instance, start))
}

function typed({ title }: DesktopView, start: (password: string) => Promise<void>): Step {
  const field = secretField('password', 'Password of this desktop', null, 'current-password')
  return {
    title: `Start ${title}`,
    content: [field.label],
    action: 'Start',
    act: async () => {
      await start(field.input.value)
      return null
    },
  }
}

function chosen({ title }: DesktopView, rules: Rules, instance: string, start: (password: string) => Promise<void>): Step {
  const own = newPassword(rules)
  return {
    title: `Start ${title}`,
    content: [element('p', {}, 'This desktop has no password yet.'), ...own.content],
    action: 'Set password and start',
    act: async () => {
      const password = own.read()
      await ask('setPassword', { instance, current: null, password })
      await start(password)
      return null
    },
  }
}

export function changePassword({ title }: DesktopView, rules: Rules, instance: string): void {
  const current = secretField('password', 'Present password', null, 'current-password')
  const own = newPassword(rules)
  openDialog({
    title: `Change the password of ${title}`,
    content: [current.label, ...own.content],
    action: 'Change password',
    act: async () => {
      await ask('setPassword', { instance, current: current.input.value, password: own.read() })
      return null
    },
  })
}
