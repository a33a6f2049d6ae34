// SPDX-License-Identifier: Apache-2.0

const steps = [
  [86_400, 'day'],
  [3600, 'hour'],
  [60, 'minute'],
] as const

/** `in 3 hours`, `2 minutes ago`; both in Unix seconds. */
export function fromNow(seconds: number, now: number): string {
  const far = seconds - now
  const [length, unit] = steps.find(([size]) => Math.abs(far) >= size) ?? [1, 'second']
  return new Intl.RelativeTimeFormat('en', { numeric: 'auto' }).format(Math.trunc(far / length), unit)
}
