// SPDX-License-Identifier: Apache-2.0
//
// Help without a network: what to read out to the help desk, and the field for its answer. Whether it helps, the daemon says.
import type { DesktopView } from '../local-api.ts'
import { ask } from './daemon.ts'
import { openDialog, secretField } from './dialog.ts'
import { element } from './element.ts'

export function offerRescue({ desktop, title }: DesktopView, request: string): void {
  const code = secretField('rescue-code', 'Code', 'Twenty letters and digits; hyphens and case do not matter.', 'off')
  openDialog({
    title: `Help with ${title} without a network`,
    content: [
      element('p', {}, 'Call your help desk and read this out. It answers with a code that works once, on this computer only.'),
      element('p', {}, element('code', { id: 'rescue-request' }, request)),
      code.label,
    ],
    action: 'Use the code',
    act: async () => {
      await ask('rescue', { desktop, code: code.input.value })
      return null
    },
  })
}
