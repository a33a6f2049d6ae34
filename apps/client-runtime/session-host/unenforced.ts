// SPDX-License-Identifier: Apache-2.0
//
// A plan that asks for more than is enforced here is refused, never carried out in part. No decision gives one, since no engine of this
// runtime offers what is missing; a plan that was decided elsewhere or altered may. What only some hosts can do, the engine refuses itself.
import { EngineError } from '@casemate/engine/error'
import { capabilitiesOf } from '@casemate/policy/applied-settings'
import type { LaunchPlan } from '@casemate/policy/launch-plan'

const enforced: readonly string[] = [
  ...['drive:cd-image', 'drive:floppy-image', 'parallel:captured', 'serial:captured', 'usb:redirect'],
  ...['folders:read-only', 'folders:read-write', 'guest-info', 'printer:pdf-folder', 'scripts'],
  ...['limit:disk-growth', 'limit:disk-rate', 'limit:network-rate', 'limit:processor'],
  ...['network:deny', 'network:domain', 'network:host-only', 'network:isolated', 'network:listed'],
  ...['disk:discard-changes', 'screen:screenshots', 'screen:watermark', 'snapshots', 'suspend'],
]

/** @throws EngineError `capability-missing` with the name of each that is missing. */
export function refuseUnenforced(plan: LaunchPlan): void {
  const missing = capabilitiesOf(plan).filter((capability) => !enforced.includes(capability))
  if (missing.length > 0) throw new EngineError('capability-missing', `this session host lacks ${missing.map((name) => `\`${name}\``).join(', ')}`)
}
