// SPDX-License-Identifier: Apache-2.0
//
// PO-3 and PO-4 in a plan: when the screen is locked, and what the organisation tells the user about the end.
import { z } from 'zod'
import type { SettingValues } from '../../model/settings.ts'
import type { Deadlines } from '../deadlines.ts'
import { differs } from './machine.ts'

export const accessMembers = {
  /** `locked`: nothing is shown and no input taken until the user has authenticated again; the rest is when that comes about. */
  screenLock: z.strictObject({ locked: z.boolean(), afterSleep: z.boolean(), idleMinutes: z.int().min(1).nullable() }),
  /** The organisation's own words, each to be shown from that moment on (Unix seconds). */
  messages: z.array(z.strictObject({ from: z.int().min(0), text: z.string().min(1).max(200) })).max(2),
}

export type AccessPlan = z.infer<z.ZodObject<typeof accessMembers>>

export const closedAccess: AccessPlan = { screenLock: { locked: false, afterSleep: false, idleMinutes: null }, messages: [] }

export function planAccess(values: SettingValues, { expiryWarning, expiryEnd }: Deadlines, locked: boolean): AccessPlan {
  const { warning, ended } = values['expiry-texts']
  const message = (from: number | null, text: string | null) => (from === null || text === null ? [] : [{ from, text }])
  return {
    screenLock: { locked, ...values['re-authentication'] },
    messages: [...message(expiryWarning, warning), ...message(expiryEnd, ended)],
  }
}

/** What the user is told at `now`, Unix seconds on the verified clock. */
export function messagesNow({ messages }: Pick<AccessPlan, 'messages'>, now: number): readonly string[] {
  return messages.flatMap(({ from, text }) => (now >= from ? text : []))
}

export type AccessAction =
  | { readonly do: 'lock' }
  | { readonly do: 'unlock' }
  | { readonly do: 'set-screen-lock'; readonly screenLock: AccessPlan['screenLock'] }
  | { readonly do: 'set-messages'; readonly messages: AccessPlan['messages'] }

export function accessActions(running: AccessPlan, { screenLock, messages }: AccessPlan): readonly AccessAction[] {
  const actions: AccessAction[] = []
  if (screenLock.locked !== running.screenLock.locked) actions.push({ do: screenLock.locked ? 'lock' : 'unlock' })
  if (differs({ ...running.screenLock, locked: false }, { ...screenLock, locked: false })) actions.push({ do: 'set-screen-lock', screenLock })
  if (differs(running.messages, messages)) actions.push({ do: 'set-messages', messages })
  return actions
}

/** The way back of {@link planAccess}, without what ends as words. */
export function accessSettingsOf({ screenLock: { afterSleep, idleMinutes } }: AccessPlan) {
  return { 're-authentication': { afterSleep, idleMinutes } } satisfies Partial<SettingValues>
}
