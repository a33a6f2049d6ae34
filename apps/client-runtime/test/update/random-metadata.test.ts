// SPDX-License-Identifier: Apache-2.0
//
// One to three random changes to what a repository serves, half of them by who stole both online keys. Whatever they are: the update ends well or with an error of this module, accepts
// only what was signed to its threshold, lowers no version, and goes on with the honest files. Tried by letting every signature hold
// (`Metadata.verifyDelegate` of @tufjs/models does nothing): then a file that nobody signed so is found in the device's folder.
import { cp, readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import fc from 'fast-check'
import { expect, it } from 'vitest'
import { UpdateError } from '../../daemon/update/error.ts'
import { Device, office, text } from './device.ts'
import { canonical, freshFolder, HostileRepository, type Json, serve } from './hostile-repository.ts'
import { type Files, freshNames, mutate, mutation, relink } from './mutate-metadata.ts'

const office2 = 'packages/office/2.json'
/** CI draws few; a long run more. */
const numRuns = Number(process.env.CASEMATE_METADATA_RUNS ?? 15)

const signedOf = (bytes: Uint8Array): string => {
  const document: { readonly signed: Json } = JSON.parse(text(bytes))
  return canonical(document.signed)
}

/** What the device holds of each role, by file. */
async function held({ place }: Device): Promise<ReadonlyMap<string, string>> {
  const names = (await readdir(place.metadata)).filter((name) => name.endsWith('.json'))
  return new Map(await Promise.all(names.map(async (name) => [name, signedOf(await readFile(join(place.metadata, name)))] as const)))
}

const versionOf = (signed: string): number => Number(/"version":(\d+)\}$/.exec(signed)?.[1])

it('random metadata is accepted only as it was signed, and never stops the honest update after it', { timeout: 600_000 }, async () => {
  const repository = new HostileRepository()
  const served: { files: ReadonlyMap<string, Uint8Array> } = { files: repository.files }
  const { origin, asked, answers } = await serve(served)
  const first = await freshFolder()
  const enrolled = new Device(first, { origin, asked, answers })
  await enrolled.trust(repository.rootBytes)
  const { floors } = await enrolled.refresh()
  await enrolled.download()
  const older: Files = new Map(repository.files)
  repository.approve(office2, 'office 2')
  repository.advanceRoot()
  repository.advance('targets', 'packages')
  const newer: Files = new Map(repository.files)
  repository.advance()
  const newest: Files = new Map(repository.files)
  const honest = new Set([...older, ...newer, ...newest].filter(([name]) => name.startsWith('/metadata/')).map(([, bytes]) => signedOf(bytes)))
  const before = await held(enrolled)
  const outcomes = { accepted: 0, refused: new Set<string>() }

  await fc.assert(
    fc.asyncProperty(fc.array(mutation, { minLength: 1, maxLength: 3 }), fc.boolean(), async (mutations, withOnlineKeys) => {
      const folder = await freshFolder()
      await cp(first, folder, { recursive: true })
      const device = new Device(folder, { origin, asked, answers })
      device.floors = floors
      const files: Files = new Map(newer)
      served.files = files
      for (const one of mutations) mutate(files, older, repository, one)
      const signed = new Set([...honest, ...(withOnlineKeys ? relink(files, repository) : [])])
      try {
        device.floors = (await device.refresh()).floors
        await device.download(office2)
        outcomes.accepted += 1
      } catch (error) {
        expect(error).toBeInstanceOf(UpdateError)
        if (error instanceof UpdateError) outcomes.refused.add(error.code)
      }
      for (const [name, found] of await held(device)) {
        expect(signed.has(found), `${name} is as it was signed`).toBe(true)
        expect(versionOf(found)).toBeGreaterThanOrEqual(versionOf(before.get(name) ?? ''))
      }
      expect(await device.read()).toBe('office 1')
      served.files = newest
      const { floors: after } = await device.refresh()
      expect(after).toMatchObject({ root: 2, timestamp: 3, snapshot: 3 })
      await device.download(office2)
      expect([await device.read(office), await device.read(office2)]).toEqual(['office 1', 'office 2'])
    }),
    { numRuns, examples: [[[{ kind: 'resign', file: freshNames(newer).indexOf('/metadata/2.packages.json'), at: 0, by: 0 }], true]] },
  )
  // Some of what was drawn mattered, and some did not.
  expect(outcomes.accepted).toBeGreaterThan(0)
  expect(outcomes.refused.size).toBeGreaterThan(1)
})
