// SPDX-License-Identifier: Apache-2.0
//
// `casemate tuf` as a script drives it, each operation a process of its own, against the hostile server.
import { execFile } from 'node:child_process'
import { readdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { expect, it } from 'vitest'
import { office } from './device.ts'
import { freshFolder, HostileRepository, serve } from './hostile-repository.ts'

const main = fileURLToPath(new URL('../../cli/main.ts', import.meta.url))

async function tuf(...args: readonly string[]) {
  const { promise, resolve } = Promise.withResolvers<{ readonly exit: number; readonly result: unknown }>()
  execFile(process.execPath, [main, 'tuf', '--json', ...args], (error, stdout) => {
    resolve({ exit: error === null ? 0 : Number(error.code), result: JSON.parse(stdout) })
  })
  return await promise
}

const refused = (code: string, exit = 1) => ({ exit, result: { error: { code } } })

it('initialises, refreshes and downloads with options before or after the operation, and says by its exit code what failed', async () => {
  const repository = new HostileRepository()
  const server = await serve(repository)
  const folder = await freshFolder()
  const [metadata, targets, root] = [join(folder, 'metadata'), join(folder, 'targets'), join(folder, 'root.json')]
  const dir = ['--metadata-dir', metadata]
  const url = ['--metadata-url', `${server.origin}/metadata`]
  const target = ['--target-base-url', `${server.origin}/targets`, '--target-dir', targets, '--target-name', office]
  await writeFile(root, repository.rootBytes)

  expect(await tuf(...dir, ...url, 'refresh')).toMatchObject(refused('not-initialised'))
  expect(await tuf('initialise', ...dir, join(folder, 'none.json'))).toMatchObject(refused('file-unreadable', 3))
  expect(await tuf(...dir, 'init', root)).toMatchObject({ exit: 0 })
  expect(await readFile(join(metadata, 'root.json'))).toEqual(repository.rootBytes)
  expect(server.asked).toEqual([])
  expect(await tuf('refresh', ...dir, '--metadata-url', 'file:///etc')).toMatchObject(refused('usage', 2))
  expect(await tuf('refresh', ...dir, ...url)).toMatchObject({ exit: 0, result: { root: 1, snapshot: 1, timestamp: 1 } })
  expect((await readdir(metadata)).filter((name) => name.endsWith('.json'))).toEqual(['root.json', 'snapshot.json', 'targets.json', 'timestamp.json'])

  expect(await tuf(...dir, ...url, ...target.slice(0, 4), '--target-name', 'packages/none/1.json', 'download')).toMatchObject(
    refused('target-unknown'),
  )
  expect(await tuf(...dir, ...url, ...target, 'download')).toMatchObject({ exit: 0, result: { length: 8 } })
  expect(await readdir(targets)).toEqual(['packages%2Foffice%2F1.json'])
  expect(await readFile(join(targets, 'packages%2Foffice%2F1.json'), 'utf8')).toBe('office 1')

  repository.timestamp.signers = []
  repository.advance()
  expect(await tuf('refresh', ...dir, ...url)).toMatchObject(refused('threshold-not-met'))
  repository.timestamp.signers = undefined
  repository.advance()
  expect(await tuf('refresh', ...dir, ...url)).toMatchObject({ exit: 0 })
})
