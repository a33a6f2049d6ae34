// SPDX-License-Identifier: Apache-2.0
import { sha256Text, slug } from '@casemate/policy/names'
import { z } from 'zod'
import type { Layout } from '../../layout.ts'
import type { Device } from '../device.ts'
import { readState, writeState } from '../state-file.ts'

/** By desktop: the digest of the text that was accepted last. */
const acceptances = z.strictObject({ format: z.literal('casemate-acceptances-1'), desktops: z.record(slug, sha256Text) })

export async function isAccepted(layout: Layout, desktop: string, sha256: string): Promise<boolean> {
  return (await readAcceptances(layout))[desktop] === sha256
}

/** In the journal before it counts. @throws RuntimeError of the journal */
export async function noteAcceptance({ layout, journal }: Pick<Device, 'layout' | 'journal'>, desktop: string, sha256: string): Promise<void> {
  const before = await readAcceptances(layout)
  if (before[desktop] === sha256) return
  await journal.append({ type: 'eula-accepted', data: { desktop, sha256 } })
  await writeState(layout.acceptances, { format: 'casemate-acceptances-1', desktops: { ...before, [desktop]: sha256 } })
}

async function readAcceptances(layout: Layout): Promise<Readonly<Record<string, string>>> {
  return (await readState(layout.acceptances, acceptances))?.desktops ?? {}
}
