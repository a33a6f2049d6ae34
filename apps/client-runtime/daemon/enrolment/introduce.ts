// SPDX-License-Identifier: Apache-2.0
//
// Before enrolment: who is it that would get a say on this computer? Only the digest of the code's secret is told, to whoever holds the
// pinned key; the key with which it is asked is thrown away, so that nothing of this device is known before somebody has agreed.
import { readEnrolmentCode } from '@casemate/policy/enrolment-code'
import { sha256Hex } from '@casemate/policy/sha256'
import { generateDeviceKey } from '@casemate/policy/software-device-key'
import { deviceSigner } from '@casemate/policy/token'
import type { DaemonResponse } from '../../local-api.ts'
import type { VerifiedClock } from '../clock/verified-clock.ts'
import { ConsoleClient } from '../console/console-client.ts'

/** @throws PolicyError `enrolment-code-*`; ConsoleRefusal `enrolment-refused`; RuntimeError `pin-mismatch`, `console-unreachable` */
export async function introduce(text: string, clock: VerifiedClock): Promise<DaemonResponse<'introduce'>> {
  const now = () => Math.floor(clock.local.wall)
  const code = readEnrolmentCode(text, now())
  const { key } = await generateDeviceKey()
  const console = new ConsoleClient(code, { signer: await deviceSigner(key), now, seq: () => 0 })
  try {
    const secretSha256 = await sha256Hex(new TextEncoder().encode(code.secret))
    const answer = await console.call('introduce', { secretSha256 }, { nonce: null })
    return { ...answer, address: code.address, pinned: code.pin !== null, expires: code.expires }
  } finally {
    console.close()
  }
}
