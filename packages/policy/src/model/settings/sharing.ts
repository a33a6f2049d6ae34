// SPDX-License-Identifier: Apache-2.0
//
// What passes between guest and host at the user's hand: PO-15.
import { z } from 'zod'
import { none, type Setting, setting } from '../setting.ts'

const clipboard = z.strictObject({ maxTextBytes: z.int().min(0).max(1_048_576).describe('The longest text, in bytes of UTF-8; 0 blocks') })

export const sharingSettings = {
  'clipboard-to-guest': clipboardSetting('What may be pasted from the host into the guest'),
  'clipboard-from-guest': clipboardSetting('What may be copied from the guest to the host'),
}

function clipboardSetting(description: string): Setting<z.infer<typeof clipboard>> {
  return setting({
    row: 'PO-15',
    description,
    unit: 'bytes of text; 0 blocks',
    value: clipboard,
    default: { maxTextBytes: 0 },
    merge: 'strictest',
    meet: (one, other) => ({ maxTextBytes: Math.min(one.maxTextBytes, other.maxTextBytes) }),
    checked: ['power-on', 'running'],
    capabilities: none,
    needs: null,
    words: ({ maxTextBytes }) => (maxTextBytes === 0 ? 'blocked' : `text up to ${maxTextBytes} bytes`),
  })
}
