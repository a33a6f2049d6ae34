// SPDX-License-Identifier: Apache-2.0

export interface Round {
  readonly round: number
  readonly kind: string
  /** Nothing was lost. */
  readonly ok: boolean
  /** What happened, or what was lost. */
  readonly detail: string
  readonly seconds: number
}

export interface SoakOptions {
  readonly seed: number
  /** From 1. */
  readonly rounds: readonly number[]
  /** Empty. What belongs to a round that failed is left in it. */
  readonly folder: string
  readonly onRound?: (round: Round) => void
}

/** @param act what happens, in words; throws what was lost */
export async function playRound(round: number, kind: string, act: () => Promise<string>): Promise<Round> {
  const began = performance.now()
  const result = (ok: boolean, detail: string): Round => ({
    round,
    kind,
    ok,
    detail,
    seconds: Number(((performance.now() - began) / 1000).toFixed(1)),
  })
  try {
    return result(true, await act())
  } catch (error) {
    return result(false, error instanceof Error ? error.message : String(error))
  }
}
