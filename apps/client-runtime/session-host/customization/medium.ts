// SPDX-License-Identifier: Apache-2.0
//
// The customization medium: a CD labelled CIDATA (NoCloud of cloud-init; Windows looks for its unattend file on every CD), made in memory
// and served read-only to the one VM. Nothing of it is on the host's disk in clear.
import { randomInt } from 'node:crypto'
import { hostname, userInfo } from 'node:os'
import { join } from 'node:path'
import type { MediumSpec } from '@casemate/engine/virtual-machine'
import type { LaunchPlan } from '@casemate/policy/launch-plan'
import { fetchTemplate } from '@casemate/vm-package/customization'
import type { Manifest } from '@casemate/vm-package/manifest'
import { serveNbd } from '@casemate/vm-package/nbd-server'
import type { ObjectSource } from '@casemate/vm-package/object-store'
import type { InstanceLayout } from '../../layout.ts'
import { customizationKey } from '../instance-keys.ts'
import { customizationFiles } from './files.ts'
import { isoImage } from './iso-image.ts'

const EXPORT = 'customization'

export interface MediumOwner {
  readonly plan: LaunchPlan
  readonly manifest: Manifest
  readonly packageKey: Uint8Array
  readonly instanceKey: Uint8Array
  readonly secrets: Readonly<Record<string, string>>
  readonly layout: InstanceLayout
  readonly origin: ObjectSource
  readonly runtimeFolder: string
}

export interface Medium {
  readonly spec: MediumSpec
  close(): Promise<void>
}

/** Null where the package has none. @throws PackageError as `customizationFiles` and `fetchTemplate` */
export async function openMedium({
  plan,
  manifest,
  packageKey,
  instanceKey,
  secrets,
  layout,
  origin,
  runtimeFolder,
}: MediumOwner): Promise<Medium | null> {
  const { customization } = manifest
  if (customization === undefined) return null
  const files = await customizationFiles({
    path: layout.customization,
    key: customizationKey(instanceKey),
    packageSha256: plan.package.sha256,
    template: () => fetchTemplate(origin, customization.sha256, packageKey),
    secrets,
    host: { logonUser: userInfo().username, hostName: hostname() },
    random: randomInt,
  })
  const image = isoImage(
    'CIDATA',
    files.map(({ name, text }) => ({ name, content: Buffer.from(text) })),
  )
  const device = { size: image.length, readOnly: true, read: async (offset: number, length: number) => image.subarray(offset, offset + length) }
  const socket = join(runtimeFolder, 'medium.sock')
  const server = await serveNbd({ socketPath: socket, exports: new Map([[EXPORT, device]]) })
  const close = async () => {
    await server.close()
    image.fill(0)
  }
  return { spec: { sizeBytes: image.length, nbd: { socket, name: EXPORT } }, close }
}
