// SPDX-License-Identifier: Apache-2.0
//
// The device's newest lease, the floors under it, the question that is still unanswered, and what was used up since the last contact.
// The floors stand in a file of their own: an older lease, or another device's, put in the place of this one's does not lower them.

import { PolicyError } from '@casemate/policy/error'
import type { PublicJwk } from '@casemate/policy/jwk'
import type { Lease, LeaseFloors } from '@casemate/policy/lease'
import { leaseFloors, lease as leaseSchema, leaseTyp, verifyLease } from '@casemate/policy/lease'
import { verifyToken } from '@casemate/policy/token'
import { z } from 'zod'
import type { Layout } from '../../layout.ts'
import { newNonce } from '../console/console-client.ts'
import { readBytes, readState, writeState } from '../state-file.ts'
import type { Floors } from '../update/floors.ts'
import { writeWhole } from '../update/write-whole.ts'

const contactState = z.strictObject({
  /** Of the request to which no lease came yet. */
  unanswered: z.string().nullable(),
  /** Number of this device's last change at the console. */
  change: z.int().min(0),
  /** Of the last lease that was taken, Unix seconds; null before the first. */
  contactAt: z.int().min(0).nullable(),
  runtimeSeconds: z.number().min(0),
  boots: z.int().min(0),
})
type ContactState = z.infer<typeof contactState>

const noContact: ContactState = { unanswered: null, change: 0, contactAt: null, runtimeSeconds: 0, boots: 0 }
const noFloors: LeaseFloors = { seq: 0, sha256: null, serials: {} }

/** `decide` finds these faults too, and says them in its own words and order. */
const judgedByDecision: ReadonlySet<string> = new Set(['lease-device', 'lease-older', 'lease-release-older', 'lease-repository', 'lease-expired'])

export interface LeaseOwner {
  readonly issuer: string
  readonly device: { readonly id: string; readonly jkt: string }
}

type Files = Pick<Layout, 'lease' | 'leaseFloors' | 'contact'>

export class LeaseStore {
  readonly #files: Files
  #lease: Lease | null = null
  #floors: LeaseFloors
  #contact: ContactState
  #writing: Promise<void> = Promise.resolve()

  private constructor(files: Files, floors: LeaseFloors, contact: ContactState) {
    this.#files = files
    this.#floors = floors
    this.#contact = contact
  }

  /** @throws RuntimeError `state-altered` */
  static async open(files: Files): Promise<LeaseStore> {
    const floors = (await readState(files.leaseFloors, leaseFloors)) ?? noFloors
    return new LeaseStore(files, floors, (await readState(files.contact, contactState)) ?? noContact)
  }

  get lease(): Lease | null {
    return this.#lease
  }

  get floors(): LeaseFloors {
    return this.#floors
  }

  get contact(): Readonly<ContactState> {
    return this.#contact
  }

  /**
   * Reads the kept lease again. One that the decision refuses by name is handed to it; any other fault leaves the device without a lease.
   * @returns the code of what is wrong with it, or null.
   */
  async load(owner: LeaseOwner, keys: (kid: string) => PublicJwk | undefined, repository: Floors): Promise<string | null> {
    const token = (await readBytes(this.#files.lease))?.toString('utf8')
    this.#lease = null
    if (token === undefined) return null
    try {
      // Whether it has expired is asked at each decision, by the clock of that moment.
      const read = await verifyLease(token, { ...owner, keys, nonce: null, floors: this.#floors, repository, now: 0 })
      this.#lease = read.lease
      await this.#raise(read.floors)
      return null
    } catch (error) {
      if (!(error instanceof PolicyError)) throw error
      if (judgedByDecision.has(error.code)) {
        this.#lease = (await verifyToken(token, { typ: leaseTyp, alg: 'Ed25519', keys, claims: leaseSchema })).claims
      }
      return error.code
    }
  }

  /** The question for the next request that a lease answers; the same until one did. Kept before it is asked. */
  async question(): Promise<string> {
    const nonce = this.#contact.unanswered ?? newNonce()
    if (this.#contact.unanswered === null) await this.#write(() => ({ unanswered: nonce }))
    return nonce
  }

  /** A verified answer: lease first, then the floors that it raises, so that a crash between leaves a lease that raises them again. */
  async adopt(token: string, lease: Lease, floors: LeaseFloors, change: number | null): Promise<void> {
    await writeWhole(this.#files.lease, Buffer.from(token))
    await writeState(this.#files.leaseFloors, floors)
    // In one step: a decision that runs meanwhile sees the old pair or the new one.
    this.#floors = floors
    this.#lease = lease
    const contact = { unanswered: null, contactAt: lease.iat, runtimeSeconds: 0, boots: 0 }
    await this.#write(() => (change === null ? contact : { ...contact, change }))
  }

  async countBoot(): Promise<void> {
    await this.#write(({ boots }) => ({ boots: boots + 1 }))
  }

  async countRuntime(seconds: number): Promise<void> {
    await this.#write(({ runtimeSeconds }) => ({ runtimeSeconds: runtimeSeconds + seconds }))
  }

  async #raise(floors: LeaseFloors): Promise<void> {
    if (JSON.stringify(floors) === JSON.stringify(this.#floors)) return
    await writeState(this.#files.leaseFloors, floors)
    this.#floors = floors
  }

  /** What is in memory follows what is on the disk: a question that could not be kept is not asked. */
  #write(change: (contact: ContactState) => Partial<ContactState>): Promise<void> {
    const written = this.#writing.then(async () => {
      const contact = { ...this.#contact, ...change(this.#contact) }
      await writeState(this.#files.contact, contact)
      this.#contact = contact
    })
    this.#writing = written.catch(() => undefined)
    return written
  }
}
