// SPDX-License-Identifier: Apache-2.0
//
// An engine without a guest, for tests of callers: the lifecycle table, sealed states, serial output and an RFB greeting are real, the machine is not.
// It passes the same contract suite as the real backends. No production code imports it.
import { requireCapabilities } from '../capabilities.ts'
import { EngineError } from '../error.ts'
import { checkPercent } from '../limits/processor-limit.ts'
import { openState } from '../state/open.ts'
import type { EngineBackend, StateFile, VmSpec } from '../virtual-machine.ts'
import { FakeMachine, type FakeOptions } from './machine.ts'

export interface FakeBackend extends EngineBackend {
  readonly name: 'fake'
  open(spec: VmSpec, restore?: StateFile): Promise<FakeMachine>
}

const everyday: FakeOptions = {
  capabilities: ['disk:ide', 'storage:luks-overlay', 'storage:writable-nbd', 'serial:captured', 'suspend', 'snapshot', 'limit:processor'],
  chatter: 'C',
}

export function createFakeBackend(options: Partial<FakeOptions> = {}): FakeBackend {
  const chosen = { ...everyday, ...options }
  const offered = new Set(chosen.capabilities)
  return {
    name: 'fake',
    probe: async () => ({ available: true, version: '1.0.0', capabilities: offered }),
    async open(spec, restore) {
      requireCapabilities('fake', offered, spec)
      checkPercent(spec.processorPercent ?? null)
      if (restore !== undefined) await refuseOtherMachine(spec, restore)
      return FakeMachine.boot(spec, chosen, restore === undefined ? 'prepared' : 'paused')
    },
  }
}

async function refuseOtherMachine(spec: VmSpec, restore: StateFile): Promise<void> {
  const pieces: Uint8Array[] = []
  for await (const piece of await openState(restore)) pieces.push(piece)
  const memoryMiB = Buffer.concat(pieces).toString('utf8')
  if (memoryMiB !== String(spec.memoryMiB)) throw new EngineError('state-mismatch', `the state holds ${memoryMiB} MiB, the machine ${spec.memoryMiB}`)
}
