// SPDX-License-Identifier: Apache-2.0

export interface ObjectSum {
  readonly objects: number
  /** As stored and sent. */
  readonly bytes: number
}

export const newSum = () => ({ objects: 0, bytes: 0 })

export function add(sum: { objects: number; bytes: number }, bytes: number): void {
  sum.objects += 1
  sum.bytes += bytes
}
