// SPDX-License-Identifier: Apache-2.0
import { readdir, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { PackageError } from '../error.ts'
import { incomplete, invalid, unreadable } from './refusal.ts'

/** What is read one after the other as one tar. */
export interface HandoverFiles {
  readonly paths: readonly string[]
  readonly bytes: number
}

interface Part {
  readonly name: string
  readonly part: number
  readonly of: number
  readonly size: number
}

/**
 * @param path a file of `casemate-admin export`, or the folder with its parts; what else lies in that folder is left alone.
 * @throws PackageError `handover-unreadable`, `handover-invalid`, `handover-incomplete` that names the part.
 */
export async function openHandover(path: string): Promise<HandoverFiles> {
  try {
    const found = await stat(path)
    if (!found.isDirectory()) return { paths: [path], bytes: found.size }
    const parts = checkParts(await partsIn(path))
    return { paths: parts.map(({ name }) => join(path, name)), bytes: parts.reduce((sum, { size }) => sum + size, 0) }
  } catch (cause) {
    throw cause instanceof PackageError ? cause : unreadable(path, cause)
  }
}

async function partsIn(folder: string): Promise<readonly Part[]> {
  const parts: Part[] = []
  for (const name of (await readdir(folder)).sort()) {
    const { part, of } = /^part-(?<part>\d{4})-of-(?<of>\d{4})$/.exec(name)?.groups ?? {}
    if (part !== undefined) parts.push({ name, part: Number(part), of: Number(of), size: (await stat(join(folder, name))).size })
  }
  return parts
}

function checkParts(parts: readonly Part[]): readonly Part[] {
  const [first] = parts
  if (first === undefined) throw invalid('the folder holds no `part-0001-of-...`')
  if (parts.some(({ of }) => of !== first.of)) throw invalid('the folder holds parts of several exports')
  for (let part = 1; part <= first.of; part += 1) {
    if (!parts.some((held) => held.part === part)) throw incomplete(`part ${part} of ${first.of} is missing`)
  }
  if (parts.length !== first.of) throw invalid(`the folder holds ${parts.length} parts of ${first.of}`)
  // All are of one length, but that the last one may be shorter.
  const full = Math.max(...parts.map(({ size }) => size))
  for (const { name, part, size } of parts) {
    if (part < first.of && size !== full) throw incomplete(`\`${name}\` has ${size} bytes, others have ${full}`)
  }
  return parts
}
