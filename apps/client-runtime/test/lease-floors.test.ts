// SPDX-License-Identifier: Apache-2.0
//
// Whatever leases come, wherever writing one of them stops, and whatever older file is put back: what the device starts from next is never
// below what it had in force. A folder in the place of a file stops a write there, as the end of the process would.
import { mkdir, mkdtemp, readFile, rm, rmdir, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type Lease, leaseTyp, verifyLease } from '@casemate/policy/lease'
import { signToken } from '@casemate/policy/token'
import fc from 'fast-check'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { consoleKey } from '../../../packages/policy/test/keys.ts'
import { inputOf } from '../../../packages/policy/vectors/scenario.ts'
import { LeaseStore } from '../daemon/lease/lease-store.ts'

const { lease: base, facts } = inputOf({})
if (base === null) throw new Error('the base scenario has a lease')
const key = await consoleKey()
const owner = { issuer: base.iss, device: facts.device }
const repository = facts.repository
const order = ['lease', 'leaseFloors', 'contact'] as const

let folder: string
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'casemate-floors-'))
})
afterAll(() => rm(folder, { recursive: true }))

/** The n-th lease that the console could answer with. */
const sign = (seq: number, serial: number) => {
  const assign: Lease['assign'] = [{ path: `releases/office/${serial}.json`, serial, sha256: 'ab'.repeat(32), key: null }]
  return signToken({ ...base, seq, assign }, { typ: leaseTyp, signer: key.signer })
}

async function take(store: LeaseStore, token: string): Promise<void> {
  const { lease, floors } = await verifyLease(token, { ...owner, keys: key.keys, nonce: base?.nonce ?? '', floors: store.floors, repository, now: 0 })
  await store.adopt(token, lease, floors, null)
}

/** Runs `act` while the file cannot be written; what was there before comes back after. */
async function without(path: string, act: () => Promise<void>): Promise<void> {
  const before = await readFile(path).catch(() => null)
  await rm(path, { force: true })
  await mkdir(join(path, 'in-the-way'), { recursive: true })
  await expect(act()).rejects.toThrow(expect.objectContaining({ code: expect.stringMatching(/^E|storage/) }))
  await rmdir(join(path, 'in-the-way'))
  await rmdir(path)
  if (before !== null) await writeFile(path, before)
}

/** From where the device stands: most leases are newer, some are not. */
const from = { seq: fc.constantFrom(1, 1, 2, 2, 0, -1), serial: fc.constantFrom(0, 1, 1, 2, 2, -1) }
const step = fc.oneof(
  fc.record({ kind: fc.constant('lease' as const), ...from }),
  fc.record({ kind: fc.constant('stopped' as const), ...from, at: fc.constantFrom(...order) }),
  fc.record({ kind: fc.constant('put-back' as const), pick: fc.nat() }),
)

it('never goes below a lease that was in force, wherever a write stops and whatever is put back', async () => {
  const seen = { runs: 0, stopped: 0, older: 0 }
  await fc.assert(
    fc.asyncProperty(fc.array(step, { minLength: 8, maxLength: 14 }), async (steps) => {
      seen.runs += 1
      const at = (name: string) => join(folder, `${seen.runs}-${name}`)
      const files = { lease: at('lease'), leaseFloors: at('floors'), contact: at('contact') }
      const taken: string[] = []
      let [seq, serial] = [0, 0]
      let store = await LeaseStore.open(files)
      for (const next of steps) {
        if (next.kind === 'put-back') {
          const old = taken[next.pick % Math.max(1, taken.length)]
          if (old !== undefined) await writeFile(files.lease, old)
        } else {
          const isNewer = next.seq > 0 && next.serial >= 0
          const token = await sign(Math.max(1, seq + next.seq), Math.max(1, serial + next.serial))
          if (next.kind === 'stopped' && isNewer) {
            await without(files[next.at], () => take(store, token))
            seen.stopped += 1
          } else if (isNewer) {
            await take(store, token)
            taken.push(token)
          } else {
            await take(store, token).catch((error: unknown) => expect(error).toMatchObject({ code: expect.stringMatching(/^lease-/) }))
          }
        }
        // What the process had in force before it ended, and what the next one starts from.
        ;[seq, serial] = [Math.max(seq, store.floors.seq), Math.max(serial, store.floors.serials.office ?? 0)]
        store = await LeaseStore.open(files)
        const fault = await store.load(owner, key.keys, repository)
        expect(store.floors.seq).toBeGreaterThanOrEqual(seq)
        expect(store.floors.serials.office ?? 0).toBeGreaterThanOrEqual(serial)
        // An older lease that was put back is named, and a decision refuses it by the floors.
        if (store.lease !== null && store.lease.seq < store.floors.seq) {
          expect(fault).toBe('lease-older')
          seen.older += 1
        }
        // A lease that holds is in force, whether its floors had been written or not.
        const held = fault === null ? store.lease : null
        ;[seq, serial] = [Math.max(store.floors.seq, held?.seq ?? 0), Math.max(store.floors.serials.office ?? 0, held?.assign[0]?.serial ?? 0)]
      }
    }),
    { numRuns: 10 },
  )
  expect(seen.stopped).toBeGreaterThan(5)
  expect(seen.older).toBeGreaterThan(2)
})
