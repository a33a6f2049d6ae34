// SPDX-License-Identifier: Apache-2.0

/** The fields of a record in one line: `state: running, code: null`. */
export function fieldWords(record: Readonly<Record<string, unknown>>): string {
  return Object.entries(record)
    .map(([name, value]) => `${name}: ${typeof value === 'string' ? value : JSON.stringify(value)}`)
    .join(', ')
}
