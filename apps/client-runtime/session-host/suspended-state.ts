// SPDX-License-Identifier: Apache-2.0
import type { StateFile } from '@casemate/engine/virtual-machine'
import type { LaunchPlan } from '@casemate/policy/launch-plan'
import type { InstanceLayout } from '../layout.ts'
import { suspendedStateKey } from './instance-keys.ts'

/** Where the memory of a suspended VM goes. */
export function suspendedState(
  plan: Pick<LaunchPlan, 'instance' | 'package' | 'engine'>,
  instance: InstanceLayout,
  instanceKey: Uint8Array,
): StateFile {
  return {
    path: instance.suspended(plan.package.sha256),
    key: suspendedStateKey(instanceKey),
    binding: `${plan.instance}|${plan.package.sha256}|${plan.engine}`,
  }
}
