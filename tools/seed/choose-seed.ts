// SPDX-License-Identifier: Apache-2.0
import { randomInt } from 'node:crypto'

/** Of every run that asks for no other, so that CI finds today what it found yesterday. */
export const KEPT_SEED = 20_261_126

/**
 * @param asked the environment's `CASEMATE_SEED`: a number to draw what another run drew, `random` for a new one
 * @throws Error for anything else
 */
export function chooseSeed(asked: string | undefined): number {
  if (asked === undefined || asked === '') return KEPT_SEED
  if (asked === 'random') return randomInt(2 ** 31)
  if (!/^\d{1,10}$/.test(asked) || Number(asked) >= 2 ** 31) {
    throw new Error(`\`CASEMATE_SEED\` is \`random\` or a whole number below 2^31, found \`${asked}\``)
  }
  return Number(asked)
}
