// SPDX-License-Identifier: Apache-2.0
//
// What passes between guest and host at the user's hand: PO-15.
import { z } from 'zod'
import { none, type Setting, setting, stricterOf } from '../setting.ts'

const clipboard = z.strictObject({ maxTextBytes: z.int().min(0).max(1_048_576).describe('The longest text, in bytes of UTF-8; 0 blocks') })

const mostImageBytes = 67_108_864
const images = z.strictObject({
  toGuest: z.int().min(0).max(mostImageBytes).describe('The largest picture that may be pasted into the guest, in bytes; 0 blocks'),
  fromGuest: z.int().min(0).max(mostImageBytes).describe('The largest picture that may be copied out of it, in bytes; 0 blocks'),
})

const directions = z.strictObject({
  toGuest: z.boolean().describe('From the host into the guest'),
  fromGuest: z.boolean().describe('From the guest to the host'),
})

// From loosest to strictest.
const folders = z.enum(['read-write', 'read-only', 'none'])

export const sharingSettings = {
  'clipboard-to-guest': clipboardSetting('What may be pasted from the host into the guest'),
  'clipboard-from-guest': clipboardSetting('What may be copied from the guest to the host'),
  'clipboard-images': setting({
    row: 'PO-15',
    description: 'How large pictures on the clipboard may be, in each direction',
    unit: 'bytes of a picture; 0 blocks',
    value: images,
    default: { toGuest: 0, fromGuest: 0 },
    merge: 'strictest',
    meet: (one, other) => ({ toGuest: Math.min(one.toGuest, other.toGuest), fromGuest: Math.min(one.fromGuest, other.fromGuest) }),
    checked: ['power-on', 'running'],
    capabilities: ({ toGuest, fromGuest }) => (toGuest + fromGuest > 0 ? ['clipboard:images'] : []),
    needs: '`clipboard:images`, where a picture may pass',
    words: ({ toGuest, fromGuest }) => directionWords(toGuest > 0 && `up to ${toGuest} bytes`, fromGuest > 0 && `up to ${fromGuest} bytes`),
  }),
  'drag-and-drop': setting({
    row: 'PO-15',
    description: 'Whether files may be dragged between host and guest, in each direction',
    unit: null,
    value: directions,
    default: { toGuest: false, fromGuest: false },
    merge: 'strictest',
    meet: (one, other) => ({ toGuest: one.toGuest && other.toGuest, fromGuest: one.fromGuest && other.fromGuest }),
    checked: ['power-on', 'running'],
    capabilities: ({ toGuest, fromGuest }) => (toGuest || fromGuest ? ['drag-and-drop'] : []),
    needs: '`drag-and-drop`, where a direction is open',
    words: ({ toGuest, fromGuest }) => directionWords(toGuest && 'allowed', fromGuest && 'allowed'),
  }),
  'shared-folders': setting({
    row: 'PO-15',
    description: 'Whether the guest may see folders of the host that the user chooses',
    unit: null,
    value: folders,
    default: 'none',
    merge: 'strictest',
    meet: stricterOf(folders.options),
    checked: ['power-on', 'running'],
    capabilities: (value) => (value === 'none' ? [] : value === 'read-only' ? ['folders:read-only'] : ['folders:read-write']),
    needs: '`folders:read-only` or `folders:read-write`, as the value says',
    words: (value) => ({ 'read-write': 'to read and write', 'read-only': 'to read', none: 'none' })[value],
  }),
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

function directionWords(toGuest: string | false, fromGuest: string | false): string {
  const open = [toGuest === false ? [] : `into the guest ${toGuest}`, fromGuest === false ? [] : `out of it ${fromGuest}`].flat()
  return open.length === 0 ? 'blocked' : open.join(', ')
}
