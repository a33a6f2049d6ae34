// SPDX-License-Identifier: Apache-2.0
//
// What this device was granted beyond its policies, beside the floors. An override and a code are taken once: their names are on the disk
// before they have an effect, and stay there. What is read back is verified again, as if it came from outside.
import { PolicyError } from '@casemate/policy/error'
import type { PublicJwk } from '@casemate/policy/jwk'
import { type Lease, lease as leaseSchema, leaseTyp } from '@casemate/policy/lease'
import type { Loosening } from '@casemate/policy/loosening'
import { instant, overrideId, sha256Text, slug } from '@casemate/policy/names'
import { type Override, override as overrideSchema, overrideTyp, verifyOverride } from '@casemate/policy/override'
import { type RescueCommitment, rescueBy, rescueProblem, verifyRescueCode } from '@casemate/policy/rescue-code'
import { verifyToken } from '@casemate/policy/token'
import { z } from 'zod'
import type { Layout } from '../../layout.ts'
import type { LeaseOwner } from '../lease/lease-store.ts'
import { readState, writeState } from '../state-file.ts'

/** A code that helps for a time: with the lease that committed to it, so that it can be checked again. */
const usedCode = z.strictObject({ lease: z.string(), code: z.string(), problem: rescueProblem, desktop: slug, at: instant })
export type UsedCode = z.infer<typeof usedCode>

const overrideState = z.strictObject({
  format: z.literal('casemate-overrides-1'),
  /** Ids of every override, and SHA-256 of the commitment of every code, that was ever taken: never forgotten. */
  taken: z.array(overrideId),
  used: z.array(sha256Text),
  /** Ids of overrides that let something be done once, and were used for it. */
  spent: z.array(overrideId).default([]),
  /** Those that have not ended, as they came. */
  tokens: z.array(z.string()),
  codes: z.array(usedCode),
})
type OverrideState = z.infer<typeof overrideState>

const nothing: OverrideState = { format: 'casemate-overrides-1', taken: [], used: [], spent: [], tokens: [], codes: [] }

type Keys = (kid: string) => PublicJwk | undefined

export interface OverrideKeys {
  readonly helpDesk: Keys
  readonly online: Keys
}

export class OverrideStore {
  readonly #file: string
  #state: OverrideState
  #granted: readonly Loosening[] = []
  #writing: Promise<unknown> = Promise.resolve()

  private constructor(file: string, state: OverrideState) {
    this.#file = file
    this.#state = state
  }

  /** @throws RuntimeError `state-altered` */
  static async open({ overrides }: Pick<Layout, 'overrides'>): Promise<OverrideStore> {
    return new OverrideStore(overrides, (await readState(overrides, overrideState)) ?? nothing)
  }

  /** Verified; whether each holds now is for the decision. */
  get granted(): readonly Loosening[] {
    return this.#granted
  }

  /** Whether that very text was taken: nothing is to be said when it comes again. */
  holds(token: string): boolean {
    return this.#state.tokens.includes(token)
  }

  wasUsed(sha256: string): boolean {
    return this.#state.used.includes(sha256)
  }

  wasSpent(id: string): boolean {
    return this.#state.spent.includes(id)
  }

  /** On the disk before it helps. */
  async spend(id: string): Promise<void> {
    await this.#inTurn(async () => {
      const state = { ...this.#state, spent: [...this.#state.spent, id] }
      await writeState(this.#file, state)
      this.#state = state
    })
  }

  /** Reads what is kept again, by the keys that are approved now; what they do not vouch for has no effect. */
  async load(owner: LeaseOwner, keys: OverrideKeys): Promise<void> {
    await this.#inTurn(async () => {
      this.#granted = await verified(this.#state, owner, keys)
    })
  }

  /** @param now Unix seconds on the verified clock. @throws PolicyError as `verifyOverride`; what it refuses leaves nothing behind. */
  async take(token: string, owner: LeaseOwner, keys: OverrideKeys, now: number): Promise<Override> {
    return await this.#inTurn(async () => {
      const wasTaken = (id: string) => this.#state.taken.includes(id)
      const override = await verifyOverride(token, { ...owner, keys: keys.helpDesk, wasTaken, now })
      await this.#write({ ...this.#state, taken: [...this.#state.taken, override.id], tokens: [...this.#state.tokens, token] }, owner, keys, now)
      return override
    })
  }

  /** @throws PolicyError as `verifyRescueCode`; what it refuses leaves nothing behind. */
  async useCode(code: UsedCode, lease: Lease, owner: LeaseOwner, keys: OverrideKeys): Promise<RescueCommitment> {
    return await this.#inTurn(async () => {
      const commitment = await verifyRescueCode(code.code, code.problem, lease, (sha256) => this.wasUsed(sha256))
      const codes = commitment.problem === 'locked' ? this.#state.codes : [...this.#state.codes, code]
      await this.#write({ ...this.#state, used: [...this.#state.used, commitment.sha256], codes }, owner, keys, code.at)
      return commitment
    })
  }

  /** What is in memory follows what is on the disk. Texts that have ended go; their names stay. */
  async #write(state: OverrideState, owner: LeaseOwner, keys: OverrideKeys, now: number): Promise<void> {
    const tokens = await held(state.tokens, async (token) => hasEnded(token, owner, keys, now))
    const codes = await held(state.codes, async (code) => (await codeEnd(code, owner, keys)) <= now)
    const kept = { ...state, tokens, codes }
    await writeState(this.#file, kept)
    this.#state = kept
    this.#granted = await verified(kept, owner, keys)
  }

  #inTurn<T>(act: () => Promise<T>): Promise<T> {
    const done = this.#writing.then(act)
    this.#writing = done.catch(() => undefined)
    return done
  }
}

async function verified({ tokens, codes }: OverrideState, owner: LeaseOwner, keys: OverrideKeys): Promise<readonly Loosening[]> {
  const found: Loosening[] = []
  for (const token of tokens) {
    const override = await orNull(() => readAgain(token, owner, keys))
    if (override !== null) found.push(override)
  }
  for (const code of codes) {
    const rescue = await orNull(() => readCode(code, owner, keys))
    if (rescue !== null) found.push(rescue)
  }
  return found
}

/** Its time is judged by each decision. */
async function readAgain(token: string, owner: LeaseOwner, keys: OverrideKeys): Promise<Override> {
  const { claims } = await verifyToken(token, { typ: overrideTyp, alg: 'Ed25519', keys: keys.helpDesk, claims: overrideSchema })
  return await verifyOverride(token, { ...owner, keys: keys.helpDesk, wasTaken: () => false, now: claims.iat })
}

async function readCode({ lease: token, code, problem, desktop, at }: UsedCode, owner: LeaseOwner, keys: OverrideKeys): Promise<Loosening | null> {
  const { claims } = await verifyToken(token, { typ: leaseTyp, alg: 'Ed25519', keys: keys.online, claims: leaseSchema })
  if (claims.iss !== owner.issuer || claims.sub !== owner.device.id || claims.cnf.jkt !== owner.device.jkt) return null
  return rescueBy(await verifyRescueCode(code, problem, claims, () => false), claims, desktop, at)
}

async function hasEnded(token: string, owner: LeaseOwner, keys: OverrideKeys, now: number): Promise<boolean> {
  const override = await orNull(() => readAgain(token, owner, keys))
  return override !== null && override.exp <= now
}

async function codeEnd(code: UsedCode, owner: LeaseOwner, keys: OverrideKeys): Promise<number> {
  return (await orNull(() => readCode(code, owner, keys)))?.exp ?? Number.POSITIVE_INFINITY
}

async function held<T>(all: readonly T[], isOver: (one: T) => Promise<boolean>): Promise<T[]> {
  const over = await Promise.all(all.map(isOver))
  return all.filter((_, index) => over[index] === false)
}

async function orNull<T>(read: () => Promise<T>): Promise<T | null> {
  try {
    return await read()
  } catch (error) {
    if (error instanceof PolicyError) return null
    throw error
  }
}
