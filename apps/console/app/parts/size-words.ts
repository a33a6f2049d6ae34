// SPDX-License-Identifier: Apache-2.0

const units = ['B', 'KiB', 'MiB', 'GiB', 'TiB'] as const

/** `1.5 GiB` */
export function sizeWords(bytes: number): string {
  const step = bytes < 1 ? 0 : Math.min(units.length - 1, Math.floor(Math.log2(bytes) / 10))
  const value = bytes / 1024 ** step
  return `${step === 0 || value >= 100 ? Math.round(value) : value.toFixed(1)} ${units[step]}`
}

export interface ShownProgress {
  /** Bytes. */
  readonly done: number
  readonly total: number
  /** Bytes a second; null: not known. */
  readonly rate: number | null
  /** Seconds; null: not known. */
  readonly left: number | null
}

/** `1.2 GiB of 3.4 GiB, 85.0 MiB/s, about 26 s left` */
export function progressWords({ done, total, rate, left }: ShownProgress): string {
  const speed = rate === null ? '' : `, ${sizeWords(rate)}/s`
  return `${sizeWords(done)} of ${sizeWords(total)}${speed}${left === null ? '' : `, about ${durationWords(left)} left`}`
}

/** `2 min 5 s` */
function durationWords(seconds: number): string {
  const whole = Math.max(0, Math.round(seconds))
  if (whole < 60) return `${whole} s`
  if (whole < 3600) return `${Math.floor(whole / 60)} min ${whole % 60} s`
  return `${Math.floor(whole / 3600)} h ${Math.floor((whole % 3600) / 60)} min`
}
