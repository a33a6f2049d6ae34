// SPDX-License-Identifier: Apache-2.0
//
// Puts down what a recorded boot ended with, for whoever makes the package: the suspended state and the blocks that were written, in one
// file, sealed under this boot's own instance key. In it: length of a description (4 bytes, big-endian), the description (JSON), the
// blocks in the order of the disks, the state.
import { openOverlay } from '@casemate/engine/overlay'
import { sealState } from '@casemate/engine/state-seal'
import type { LaunchPlan } from '@casemate/policy/launch-plan'
import type { Manifest } from '@casemate/vm-package/manifest'
import type { Layout } from '../../layout.ts'
import { approvedManifest } from '../approved-manifest.ts'
import { backendOf } from '../backend.ts'
import { ownDisk } from '../own-disk.ts'
import { suspendedState } from '../suspended-state.ts'
import { machineShape } from '../vm-spec.ts'
import type { WrittenBlocks } from './written-blocks.ts'

const BLOCK_BYTES = 4096
const STEP_BLOCKS = 256

export interface Capture {
  readonly plan: LaunchPlan
  readonly layout: Layout
  readonly instanceKey: Uint8Array
  readonly written: WrittenBlocks
  /** Made whole or not at all. */
  readonly file: string
}

/** After a session that ended suspended. @throws EngineError `state-altered` where it did not; the write error */
export async function captureWarmState(capture: Capture): Promise<void> {
  const { plan, layout, instanceKey, file } = capture
  const { name, portable } = await backendOf(plan, layout)
  if (portable === undefined) throw new Error(`a state of \`${name}\` goes on only where it was saved`)
  const manifest = await approvedManifest(plan, layout)
  const shape = machineShape(plan, manifest)
  const state = await portable.read(suspendedState(plan, layout.instance(plan.instance), instanceKey), shape)
  const machine = await portable.machineOf(shape)
  await sealState({ path: file, key: instanceKey, binding: 'casemate-warm-capture-1' }, contentOf(capture, manifest, machine, state))
}

async function* contentOf({ plan, layout, instanceKey, written }: Capture, manifest: Manifest, machine: string, state: AsyncIterable<Uint8Array>) {
  const disks = manifest.disks.map(({ name }) => ({ name, runs: written.runs(name) }))
  const description = Buffer.from(JSON.stringify({ format: 'casemate-warm-capture-1', machine, disks }))
  const head = Buffer.alloc(4)
  head.writeUInt32BE(description.length)
  yield Buffer.concat([head, description])
  for (const disk of manifest.disks) {
    // Every block that was written is the overlay's own.
    const overlay = await openOverlay({ ...ownDisk({ plan, layout: layout.instance(plan.instance), instanceKey }, disk), base: null })
    try {
      for (const [first, count] of written.runs(disk.name)) {
        for (let at = 0; at < count; at += STEP_BLOCKS) {
          yield await overlay.read((first + at) * BLOCK_BYTES, Math.min(STEP_BLOCKS, count - at) * BLOCK_BYTES)
        }
      }
    } finally {
      await overlay.close()
    }
  }
  yield* state
}
