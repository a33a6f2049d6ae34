// SPDX-License-Identifier: Apache-2.0
import type { EngineBackend } from '@casemate/engine/virtual-machine'
import type { LaunchPlan } from '@casemate/policy/launch-plan'
import type { Layout } from '../layout.ts'

/** What runs the VM of a plan; the other engine is not loaded. */
export async function backendOf(plan: LaunchPlan, layout: Layout): Promise<EngineBackend> {
  if (plan.engine === 'v86') {
    const { createV86Backend } = await import('@casemate/engine/v86')
    return createV86Backend()
  }
  const { createQemuBackend } = await import('@casemate/engine/qemu')
  return createQemuBackend({ cacheFolder: layout.engineCache })
}
