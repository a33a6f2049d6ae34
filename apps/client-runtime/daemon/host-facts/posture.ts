// SPDX-License-Identifier: Apache-2.0
import { access, readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { isOsVersion } from '@casemate/policy/os-version'

/** os-release(5). Null where it does not say a version of numbers, as rolling distributions do not. */
export async function systemOf(file = '/etc/os-release'): Promise<{ readonly name: string; readonly version: string } | null> {
  const fields = new Map(
    (await readFile(file, 'utf8')).split('\n').flatMap((line) => {
      const [, key = '', value = ''] = /^([A-Z_]+)=["']?([^"']*)["']?$/.exec(line) ?? []
      return key === '' ? [] : [[key, value] as const]
    }),
  )
  const [name = '', version = ''] = [fields.get('ID'), fields.get('VERSION_ID')]
  return name !== '' && name.length <= 64 && isOsVersion(version) ? { name, version } : null
}

/** Those of `asked` that run, by the names that Linux keeps of them: the first 15 characters. */
export async function runningProcesses(asked: readonly string[], proc = '/proc'): Promise<string[]> {
  if (asked.length === 0) return []
  const ids = (await readdir(proc)).filter((name) => /^[0-9]+$/.test(name))
  // One that ends meanwhile runs no more.
  const names = await Promise.all(ids.map((id) => readFile(join(proc, id, 'comm'), 'utf8').catch(() => '')))
  const running = new Set(names.map((name) => name.trim()))
  return asked.filter((name) => running.has(name.slice(0, 15)))
}

/** Those of `asked` that are there. */
export async function presentFiles(asked: readonly string[]): Promise<string[]> {
  const there = await Promise.all(
    asked.map((path) =>
      access(path).then(
        () => true,
        () => false,
      ),
    ),
  )
  return asked.filter((_, at) => there[at])
}
