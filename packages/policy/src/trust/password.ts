// SPDX-License-Identifier: Apache-2.0
//
// PO-2: the rules for a password that a user chooses, and the count of wrong tries. The count is kept outside every snapshot. Without a
// TPM it is advisory: who copies the files can try elsewhere, against argon2id.
import { z } from 'zod'
import { instant } from '../model/names.ts'
import type { SettingValues } from '../model/settings.ts'

export type PasswordRules = Extract<SettingValues['authentication'], { mode: 'password' }>

export type PasswordFault = { readonly fault: 'too-short'; readonly least: number } | { readonly fault: 'too-few-classes'; readonly least: number }

/** Empty: the password may be taken. Characters are Unicode code points, as people count them. */
export function passwordFaults(password: string, rules: PasswordRules): readonly PasswordFault[] {
  const faults: PasswordFault[] = []
  if ([...password.normalize('NFKC')].length < rules.minLength) faults.push({ fault: 'too-short', least: rules.minLength })
  const classes = [/\p{Ll}/u, /\p{Lu}/u, /\p{Nd}/u, /[^\p{Ll}\p{Lu}\p{Nd}]/u].filter((kind) => kind.test(password)).length
  if (classes < rules.minClasses) faults.push({ fault: 'too-few-classes', least: rules.minClasses })
  return faults
}

export const passwordTries = z.strictObject({ failed: z.int().min(0), lockedUntil: instant.nullable() })
export type PasswordTries = z.infer<typeof passwordTries>

export const noTries: PasswordTries = { failed: 0, lockedUntil: null }

/** After a wrong password: every `tries` of them, the next one has to wait. */
export function afterWrongPassword(
  { failed, lockedUntil }: PasswordTries,
  rules: Pick<PasswordRules, 'tries' | 'lockMinutes'>,
  now: number,
): PasswordTries {
  const count = failed + 1
  return { failed: count, lockedUntil: count % rules.tries === 0 ? now + rules.lockMinutes * 60 : lockedUntil }
}

export function isLocked({ lockedUntil }: PasswordTries, now: number): boolean {
  return lockedUntil !== null && now < lockedUntil
}
