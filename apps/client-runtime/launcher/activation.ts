// SPDX-License-Identifier: Apache-2.0
//
// Activation as steps: the licence, then what the policy asks for. What is accepted and whether it is right, the daemon and the console say.
import type { DesktopView } from '../local-api.ts'
import { ask } from './daemon.ts'
import { openDialog, type Step, secretField } from './dialog.ts'
import { element } from './element.ts'
import { newPassword } from './password.ts'

export async function activateDesktop(view: DesktopView): Promise<void> {
  if (view.eula !== null && !view.eula.accepted) openDialog(await licence(view))
  else if (view.activation === 'none' && view.password === null) await activate(view, null, null)
  else openDialog(secrets(view))
}

async function activate({ desktop }: DesktopView, presented: string | null, password: string | null): Promise<null> {
  await ask('activate', { desktop, presented, password })
  return null
}

async function licence(view: DesktopView): Promise<Step> {
  const { desktop, title } = view
  const { sha256, text } = await ask('eula', { desktop })
  return {
    title: `Licence of ${title}`,
    content: [
      element('div', { class: 'licence', tabindex: '0', role: 'document', 'aria-label': 'Text of the licence' }, text),
      element('p', { class: 'soft' }, 'That you accepted it, and which text, is written into the journal of this computer.'),
    ],
    action: 'I accept',
    act: async () => {
      await ask('acceptEula', { desktop, sha256 })
      return view.activation === 'none' && view.password === null ? activate(view, null, null) : secrets(view)
    },
  }
}

function secrets(view: DesktopView): Step {
  const asked =
    view.activation === 'none'
      ? null
      : view.activation === 'password'
        ? secretField('activation', 'Activation password', 'As your organisation gave it to you.', 'current-password')
        : secretField('activation', 'Activation key', 'Letters and digits in groups; hyphens do not matter.', 'off')
  const own = view.password === null ? null : newPassword(view.password)
  return {
    title: `Activate ${view.title}`,
    content: [asked?.label ?? null, ...(own?.content ?? [])],
    action: 'Activate',
    act: async () => activate(view, asked?.input.value ?? null, own?.read() ?? null),
  }
}
