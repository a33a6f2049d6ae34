// SPDX-License-Identifier: Apache-2.0

/** The result on standard output: one JSON object, or lines for people. */
export function print(json: boolean | undefined, result: object, lines: readonly string[]): void {
  process.stdout.write(json ? `${JSON.stringify(result)}\n` : lines.map((line) => `${line}\n`).join(''))
}

const units = ['B', 'KiB', 'MiB', 'GiB', 'TiB'] as const

/** `3.2 GiB` */
export function bytesText(bytes: number): string {
  const power = bytes < 1024 ? 0 : Math.min(units.length - 1, Math.floor(Math.log2(bytes) / 10))
  return `${(bytes / 1024 ** power).toFixed(power === 0 ? 0 : 1)} ${units[power]}`
}
