// SPDX-License-Identifier: Apache-2.0

/** What a field of date and time holds, `2027-01-31T08:00`, read as UTC; Unix seconds. Null: nothing, or no date that exists. */
export function readUtc(text: string): number | null {
  const whole = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}(?::\d{2})?$/.test(text) ? `${text.padEnd(19, ':00')}Z` : ''
  const at = Date.parse(whole)
  // Dates that do not exist are rolled over by some parsers.
  return Number.isNaN(at) || new Date(at).toISOString().slice(0, 19) !== whole.slice(0, 19) ? null : at / 1000
}

/** `2027-01-31 08:00 UTC` */
export const utcWords = (seconds: number): string => `${new Date(seconds * 1000).toISOString().slice(0, 16).replace('T', ' ')} UTC`
