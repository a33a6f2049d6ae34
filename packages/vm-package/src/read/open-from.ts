// SPDX-License-Identifier: Apache-2.0
import { closeSync, fstatSync, openSync, readSync } from 'node:fs'
import { openObject, openSealed } from '../chunk/open.ts'
import { release } from '../chunk/release.ts'
import { PackageError } from '../error.ts'
import type { OpenTask } from './opening-task.ts'

/**
 * Reads where it is a path, verifies, decrypts and decompresses, and blocks its thread meanwhile.
 * @returns null where there is no such file.
 * @throws PackageError `<kind>-altered`, `object-too-long`; the error of the system when the file cannot be read.
 */
export function openFrom({ kind, ref, plainLength, from }: Omit<OpenTask, 'id' | 'work'>): Buffer | null {
  if (typeof from !== 'string') return openBytes(kind, from, ref, plainLength)
  const object = readWhole(from, ref.storedLength)
  if (object === null) return null
  try {
    return openBytes(kind, object, ref, plainLength)
  } finally {
    release(object)
  }
}

function openBytes(kind: OpenTask['kind'], object: Uint8Array, ref: OpenTask['ref'], plainLength: number): Buffer {
  return kind === 'root' ? openSealed(kind, object, ref) : openObject(kind, object, ref, plainLength)
}

/** Null when there is no such file. @throws PackageError `object-too-long` */
function readWhole(path: string, maxBytes: number): Buffer<ArrayBuffer> | null {
  const file = openThere(path)
  if (file === null) return null
  try {
    const { size } = fstatSync(file)
    if (size > maxBytes) throw new PackageError('object-too-long', `expected at most ${maxBytes} bytes, found ${size}`)
    const bytes = Buffer.allocUnsafeSlow(size)
    return bytes.subarray(0, readSync(file, bytes, 0, size, 0))
  } finally {
    closeSync(file)
  }
}

function openThere(path: string): number | null {
  try {
    return openSync(path, 'r')
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return null
    throw error
  }
}
