// SPDX-License-Identifier: Apache-2.0
import { PORT } from './story-network.ts'

export interface Rule {
  readonly setting: string
  readonly value: unknown
}

/** Offline steps of the story's policies, in minutes. */
export const OFFLINE = { warn: 15, restrict: 30, suspend: 60 } as const

/** The story's policy: as strict as it is by default, but for what a step is about. */
export function rules({ server = null, pasteBytes = 0 }: { readonly server?: string | null; readonly pasteBytes?: number } = {}): readonly Rule[] {
  const network = server === null ? { mode: 'none' } : { mode: 'listed', allow: [{ protocol: 'tcp', cidr: `${server}/32`, ports: [PORT, PORT] }] }
  return [
    { setting: 'activation', value: 'password' },
    { setting: 'authentication', value: { mode: 'password', minLength: 8, minClasses: 1, tries: 5, lockMinutes: 5 } },
    { setting: 'exit', value: 'user' },
    { setting: 'power-commands', value: { pause: true, reset: true, powerButton: true } },
    { setting: 'serial-port', value: 'captured' },
    {
      setting: 'offline',
      value: {
        ...{ warnMinutes: OFFLINE.warn, restrictMinutes: OFFLINE.restrict, suspendMinutes: OFFLINE.suspend },
        ...{ maxRuntimeMinutes: null, maxBoots: null },
      },
    },
    { setting: 'network', value: network },
    { setting: 'clipboard-to-guest', value: { maxTextBytes: pasteBytes } },
  ]
}
