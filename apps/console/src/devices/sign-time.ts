// SPDX-License-Identifier: Apache-2.0
import { type TimeAnswer, timeTyp } from '@casemate/policy/clock'
import { signToken } from '@casemate/policy/token'
import type { Console } from '../organisation/console.ts'

/** The signed answer to `what time is it`, bound to the question; anybody may ask. */
export async function signTime({ organisation, keys, now }: Console, nonce: string): Promise<string> {
  const answer: TimeAnswer = { iss: organisation.id, nonce, time: now() }
  return await signToken(answer, { typ: timeTyp, signer: keys.tokens })
}
