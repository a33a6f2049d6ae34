// SPDX-License-Identifier: Apache-2.0
import type { ProbeReport } from '@casemate/engine/virtual-machine'
import { describe, expect, it } from 'vitest'
import { type EngineReport, engineFacts } from './engines.ts'

type Offered = Extract<ProbeReport, { available: true }>['capabilities']

const factsOf = (capabilities: Offered) => {
  const report: EngineReport = {
    engines: [{ name: 'qemu', report: { available: true, version: '8', capabilities } }],
    uplink: { available: false, code: 'uplink-missing', message: 'none' },
  }
  return engineFacts(report)
}

describe('the facts of an engine', () => {
  it('offer a limit of computing time where its probe found one, and nowhere else', () => {
    expect(factsOf(new Set(['disk:ide', 'suspend', 'limit:processor']))).toEqual([
      { name: 'qemu', capabilities: ['disk:discard-changes', 'suspend', 'limit:processor'] },
    ])
    expect(factsOf(new Set(['disk:ide', 'suspend']))).toEqual([{ name: 'qemu', capabilities: ['disk:discard-changes', 'suspend'] }])
  })
})
