// SPDX-License-Identifier: Apache-2.0
import { type Command, InvalidArgumentError } from 'commander'
import { z } from 'zod'

/** Every command on a running organisation says which one. */
export interface DataOption {
  readonly data: string
  readonly json?: true
}

export const withData = (command: Command): Command =>
  command.requiredOption('--data <folder>', "the organisation's folder; its console must be running")

/** Repeatable. */
export const collect = (text: string, before: readonly string[] = []): readonly string[] => [...before, text]

const units = { s: 1, m: 60, h: 3600, d: 86_400 } as const

/** `90s`, `15m`, `1h`, `7d`; in seconds. */
export function readDuration(text: string): number {
  const { count, unit } = /^(?<count>[1-9][0-9]{0,6})(?<unit>[smhd])$/.exec(text)?.groups ?? {}
  if (count === undefined || (unit !== 's' && unit !== 'm' && unit !== 'h' && unit !== 'd')) {
    throw new InvalidArgumentError('expected a duration such as 90s, 15m, 1h or 7d.')
  }
  return Number(count) * units[unit]
}

/** `2027-01-31T08:00:00Z`; a date that exists. */
export function readInstant(text: string): string {
  if (z.iso.datetime({ precision: 0 }).safeParse(text).success) return text
  throw new InvalidArgumentError('expected a time in UTC such as 2027-01-31T08:00:00Z.')
}

/** `NAME/VERSION` */
export function readVersioned(text: string): { readonly name: string; readonly version: string } {
  const [name, version, ...more] = text.split('/')
  if (!name || !version || more.length > 0) throw new InvalidArgumentError('expected NAME/VERSION.')
  return { name, version }
}

/** A number from 1 on, or `unlimited`. */
export function readCount(text: string): number | null {
  if (text === 'unlimited') return null
  if (!/^[1-9][0-9]{0,5}$/.test(text)) throw new InvalidArgumentError('expected a number from 1 on, or `unlimited`.')
  return Number(text)
}

export const timeText = (seconds: number): string => new Date(seconds * 1000).toISOString().replace('.000', '')
