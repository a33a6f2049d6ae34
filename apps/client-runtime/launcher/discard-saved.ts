// SPDX-License-Identifier: Apache-2.0
//
// The way out where the memory of a desktop cannot be gone on from: it is given up, after a question, and the desktop boots over its disks.
import type { DesktopView, InstanceView } from '../local-api.ts'
import { ask } from './daemon.ts'
import { openDialog, secretField } from './dialog.ts'
import { element } from './element.ts'

const savedFaults: ReadonlySet<string> = new Set(['state-altered', 'state-mismatch', 'snapshot-altered', 'snapshot-unknown'])

export const isSavedFault = (code: string | undefined): boolean => code !== undefined && savedFaults.has(code)

export function offerDiscard({ title, password }: DesktopView, { instance }: InstanceView): void {
  const field = password?.set === true ? secretField('password', 'Password of this desktop', null, 'current-password') : null
  openDialog({
    title: `Discard the saved state of ${title}?`,
    content: [
      element('p', {}, 'What was open in it and not saved is lost for good. Its disks stay, and it boots from them at its next start.'),
      element('p', { class: 'soft' }, 'That it was discarded is written into the journal of this computer.'),
      field?.label ?? null,
    ],
    action: 'Discard',
    act: async () => {
      await ask('discardSaved', { instance, password: field?.input.value ?? null })
      return null
    },
  })
}
