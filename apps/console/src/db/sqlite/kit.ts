// SPDX-License-Identifier: Apache-2.0
//
// Column builders of SQLite. Table definitions use a kit and nothing else of drizzle, so that a kit for PostgreSQL with the same
// members gives the same tables there. What a column takes is what it gives back; what would be altered is `value-invalid`.
import { customType, index, primaryKey, sqliteTable, text, uniqueIndex } from '../drizzle.ts'
import { DatabaseError } from '../error.ts'

/** What JSON can say (RFC 8259); consumers parse it with their own schema. */
export type JsonValue = null | boolean | number | string | readonly JsonValue[] | { readonly [key: string]: JsonValue }

const WIDEST = 2n ** 63n - 1n
const NARROWEST = -(2n ** 63n)

function refuse(expected: string): never {
  throw new DatabaseError('value-invalid', `a column takes and gives ${expected}, found something else`)
}

function requireInteger(value: number): number {
  return Number.isSafeInteger(value) ? value : refuse('integers within 2^53')
}

/** JSON.stringify drops or replaces what JSON cannot say; here that is an error. */
function writeJson(value: JsonValue): string {
  return JSON.stringify(value, (_key, part: unknown) => {
    const sayable = part === null || ['boolean', 'string', 'object'].includes(typeof part) || Number.isFinite(part)
    return sayable ? part : refuse('JSON')
  })
}

export const sqliteKit = {
  table: sqliteTable,
  index,
  uniqueIndex,
  primaryKey,
  text,
  /** Whole numbers within +-(2^53 - 1). */
  integer: customType<{ data: number; driverData: number }>({
    dataType: () => 'integer',
    toDriver: requireInteger,
    fromDriver: requireInteger,
  }),
  /** Whole numbers of 64 bits, signed. */
  bigint: customType<{ data: bigint; driverData: string }>({
    dataType: () => 'bigint',
    toDriver: (value) => (value >= NARROWEST && value <= WIDEST ? String(value) : refuse('integers of 64 bits')),
    fromDriver: (value) => BigInt(value),
  }),
  boolean: customType<{ data: boolean; driverData: number }>({
    dataType: () => 'integer',
    toDriver: (value) => (value ? 1 : 0),
    fromDriver: (value) => (value === 1 || value === 0 ? value === 1 : refuse('booleans')),
  }),
  /** A moment, to the millisecond. */
  timestamp: customType<{ data: Date; driverData: number }>({
    dataType: () => 'integer',
    toDriver: (value) => requireInteger(value.getTime()),
    fromDriver: (value) => new Date(requireInteger(value)),
  }),
  /** Bytes as they are: documents that are signed or hashed belong here and not in `json`. */
  bytes: customType<{ data: Uint8Array; driverData: Uint8Array }>({
    dataType: () => 'blob',
    toDriver: (value) => value,
    fromDriver: (value) => new Uint8Array(value.buffer, value.byteOffset, value.byteLength),
  }),
  /** A value, not a spelling: white space and the order of keys may change. */
  json: customType<{ data: JsonValue; driverData: string }>({
    dataType: () => 'text',
    toDriver: writeJson,
    fromDriver: (value): JsonValue => JSON.parse(value),
  }),
}

export type ColumnKit = typeof sqliteKit
