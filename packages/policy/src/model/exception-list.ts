// SPDX-License-Identifier: Apache-2.0
//
// How far settings may be loosened: each with the loosest value that it may be given.
import { z } from 'zod'
import { compareExceptions, type Exception, exception, meetExceptions } from './exception.ts'

export const uniqueExceptions = z
  .array(exception)
  .max(16)
  .refine((all) => new Set(all.map((one) => one.setting)).size === all.length, 'expected each setting once')

/** Settings that both lists name, each with what both allow. @throws PolicyError `network-rules-too-many` */
export function meetExceptionLists(one: readonly Exception[], other: readonly Exception[]): Exception[] {
  return one.flatMap((left) => other.flatMap((right) => meetExceptions(left, right) ?? [])).sort(compareExceptions)
}
