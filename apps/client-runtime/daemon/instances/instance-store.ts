// SPDX-License-Identifier: Apache-2.0
import { readdir } from 'node:fs/promises'
import { instant, slug } from '@casemate/policy/names'
import { passwordTries } from '@casemate/policy/password'
import { z } from 'zod'
import type { Layout } from '../../layout.ts'
import { RuntimeError } from '../error.ts'
import { readState, writeState } from '../state-file.ts'

export const instanceRecord = z.strictObject({
  format: z.literal('casemate-instance-1'),
  instance: slug,
  desktop: slug,
  /** Chosen at activation and kept: disks of one engine are not read by another. */
  engine: z.enum(['qemu', 'v86']),
  activatedAt: instant,
  /** Wrapped for the device's key, and under the password where there is one. */
  key: z.string(),
  tries: passwordTries,
})

export type InstanceRecord = z.infer<typeof instanceRecord>

/** @throws RuntimeError `instance-unknown`, `state-altered`. */
export async function readInstance(layout: Layout, id: string): Promise<InstanceRecord> {
  const found = slug.safeParse(id).success ? await readState(layout.instance(id).record, instanceRecord) : undefined
  if (found === undefined || found.instance !== id) throw new RuntimeError('instance-unknown', `there is no instance \`${id}\` on this computer`)
  return found
}

export async function writeInstance(layout: Layout, record: InstanceRecord): Promise<void> {
  await writeState(layout.instance(record.instance).record, record)
}

export async function listInstances(layout: Layout): Promise<readonly InstanceRecord[]> {
  const names = await readdir(layout.instances).catch((error: unknown) => {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return []
    throw error
  })
  const records = await Promise.all(
    names.filter((name) => slug.safeParse(name).success).map((name) => readState(layout.instance(name).record, instanceRecord)),
  )
  return records.filter((record) => record !== undefined)
}
