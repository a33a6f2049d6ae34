// SPDX-License-Identifier: Apache-2.0
import { createQemuBackend } from '@casemate/engine/qemu'
import { createV86Backend } from '@casemate/engine/v86'
import type { EngineBackend } from '@casemate/engine/virtual-machine'
import type { LaunchPlan } from '@casemate/policy/launch-plan'
import type { Layout } from '../layout.ts'

/** What runs the VM of a plan. */
export function backendOf(plan: LaunchPlan, layout: Layout): EngineBackend {
  return plan.engine === 'qemu' ? createQemuBackend({ cacheFolder: layout.engineCache }) : createV86Backend({})
}
