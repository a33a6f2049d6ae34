// SPDX-License-Identifier: Apache-2.0
import type { Argon2idParams } from '@casemate/policy/passphrase'

/** The least that a sealed key may cost whoever guesses: tests open many. */
export const leastPassphraseCost: Argon2idParams = { memoryKiB: 19_456, passes: 2, lanes: 1 }
