// SPDX-License-Identifier: Apache-2.0
//
// What happens to a machine in its life, drawn; the same for the same seed (tools/seed).
import fc from 'fast-check'
import type { VmRequest } from '../src/lifecycle.ts'

/** `victim`: which of the VM's processes, as a fraction of them all. */
export type Act =
  /** Until the guest says something, where it runs. */
  | { readonly kind: 'listen' }
  | { readonly kind: 'ask'; readonly requests: readonly VmRequest[] }
  | { readonly kind: 'kill'; readonly during: VmRequest | null; readonly victim: number }

export interface Life {
  readonly acts: readonly Act[]
  /** How it ends where it has not ended by itself. */
  readonly end: Act
}

const stepwise: fc.Arbitrary<VmRequest> = fc.oneof(
  { weight: 6, arbitrary: fc.constantFrom<VmRequest>('start', 'pause', 'resume') },
  { weight: 2, arbitrary: fc.constantFrom<VmRequest>('reset', 'power-button', 'snapshot') },
)
const ending = fc.constantFrom<VmRequest>('suspend', 'suspend', 'stop')
const kill = fc.record({
  kind: fc.constant('kill' as const),
  during: fc.option(fc.oneof(stepwise, ending)),
  victim: fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }),
})
const ask = (requests: fc.Arbitrary<VmRequest[]>): fc.Arbitrary<Act> => fc.record({ kind: fc.constant('ask' as const), requests })
const one = (request: fc.Arbitrary<VmRequest>) => request.map((each) => [each])

const act: fc.Arbitrary<Act> = fc.oneof(
  { weight: 14, arbitrary: ask(one(stepwise)) },
  {
    weight: 4,
    arbitrary: ask(fc.array(fc.oneof({ weight: 5, arbitrary: stepwise }, { weight: 1, arbitrary: ending }), { minLength: 2, maxLength: 4 })),
  },
  { weight: 2, arbitrary: ask(one(ending)) },
  { weight: 1, arbitrary: kill },
  { weight: 2, arbitrary: fc.constant<Act>({ kind: 'listen' }) },
)

/** Each begins in `prepared`, or in `paused` where the one before was suspended; most are started at once. */
export const drawnLives = (count: number): readonly Life[] =>
  fc.sample(
    fc.record({
      acts: fc
        .tuple(
          ask(fc.constantFrom<VmRequest[]>(['start'], ['start', 'start'], ['resume', 'start'], ['pause'])),
          fc.array(act, { minLength: 4, maxLength: 12 }),
        )
        .map(([first, rest]) => [first, ...rest]),
      end: fc.oneof(ask(one(ending)), kill),
    }),
    count,
  )
