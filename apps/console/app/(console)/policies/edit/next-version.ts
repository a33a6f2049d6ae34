// SPDX-License-Identifier: Apache-2.0

/** Its last number, one up: `3` gives `4`, `1.2` gives `1.3`; a version without one gets `.1`. */
export function nextVersion(version: string): string {
  const found = /^(.*?)([0-9]+)$/.exec(version)
  return found === null ? `${version}.1` : `${found[1]}${BigInt(found[2] ?? '0') + 1n}`
}
