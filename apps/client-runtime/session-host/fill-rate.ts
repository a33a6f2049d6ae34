// SPDX-License-Identifier: Apache-2.0

/** On a line shared with others it leaves them most of it. */
const quietBytesPerSecond = 4 * 1024 ** 2
/** A guest that boots reads all the time, and so does one that is at work. */
const readingBytesPerSecond = quietBytesPerSecond / 4
const quietAfterMs = 5000

/**
 * How fast the rest of a package is brought here, once its prefetch list is done.
 * @param sinceReadMs since the guest last read of it; Infinity: it has not read. @returns bytes a second
 */
export function fillRate(sinceReadMs: number): number {
  return sinceReadMs < quietAfterMs ? readingBytesPerSecond : quietBytesPerSecond
}
