// SPDX-License-Identifier: Apache-2.0
import { readFile } from 'node:fs/promises'
import type { LaunchPlan } from '@casemate/policy/launch-plan'
import { type Manifest, openManifest } from '@casemate/vm-package/manifest'
import type { Layout } from '../layout.ts'

/** The manifest that the plan names. @throws Error `package-missing`; PackageError `manifest-altered`, `manifest-invalid` */
export async function approvedManifest(plan: LaunchPlan, layout: Layout): Promise<Manifest> {
  const path = layout.manifest(plan.package.sha256)
  const bytes = await readFile(path).catch((cause: unknown) => {
    throw Object.assign(new Error(`there is no manifest at \`${path}\``, { cause }), { code: 'package-missing' })
  })
  return openManifest(bytes, plan.package.sha256)
}
