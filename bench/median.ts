// SPDX-License-Identifier: Apache-2.0

export interface Figures {
  /** Of each thing measured, in the unit its key ends with. */
  readonly medians: Readonly<Record<string, number>>
  readonly ratios: Readonly<Record<string, number>>
}

export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b)
  const middle = sorted.length >> 1
  const [low, high] = [sorted[sorted.length % 2 === 0 ? middle - 1 : middle], sorted[middle]]
  if (low === undefined || high === undefined) throw new Error('expected at least one value')
  return (low + high) / 2
}

/** Runs each of `acts` once, `rounds` times over: a slow spell of the machine meets all of them. @returns the medians of what they return */
export async function inTurn<Key extends string>(rounds: number, acts: Readonly<Record<Key, () => Promise<number>>>): Promise<Record<Key, number>> {
  const values = new Map<Key, number[]>()
  for (let round = 1; round <= rounds; round += 1) {
    for (const key of Object.keys(acts) as Key[]) {
      const value = await acts[key]()
      process.stderr.write(`round ${round} of ${rounds}: ${key} ${value.toPrecision(4)}\n`)
      values.set(key, [...(values.get(key) ?? []), value])
    }
  }
  return Object.fromEntries([...values].map(([key, all]) => [key, median(all)])) as Record<Key, number>
}
