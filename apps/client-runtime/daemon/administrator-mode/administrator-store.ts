// SPDX-License-Identifier: Apache-2.0
//
// Of each desktop: what an administrator granted at this device, as it was signed, and how many wrong passwords were typed. The count lies
// beside the floors, outside every instance; without a TPM it is advisory.
import { slug } from '@casemate/policy/names'
import { noTries, type PasswordTries, passwordTries } from '@casemate/policy/password'
import { z } from 'zod'
import type { Layout } from '../../layout.ts'
import { readState, writeState } from '../state-file.ts'

const entry = z.strictObject({ tries: passwordTries, token: z.string().nullable() })
const state = z.strictObject({ format: z.literal('casemate-administrator-1'), desktops: z.record(slug, entry) })

export class AdministratorStore {
  readonly #file: string
  #state: z.infer<typeof state>
  #writing: Promise<unknown> = Promise.resolve()

  private constructor(file: string, kept: z.infer<typeof state>) {
    this.#file = file
    this.#state = kept
  }

  /** @throws RuntimeError `state-altered` */
  static async open({ administrator }: Pick<Layout, 'administrator'>): Promise<AdministratorStore> {
    return new AdministratorStore(administrator, (await readState(administrator, state)) ?? { format: 'casemate-administrator-1', desktops: {} })
  }

  /** Those with a grant. */
  get desktops(): readonly string[] {
    return Object.entries(this.#state.desktops).flatMap(([desktop, { token }]) => (token === null ? [] : desktop))
  }

  tokenOf(desktop: string): string | null {
    return this.#of(desktop).token
  }

  triesOf(desktop: string): PasswordTries {
    return this.#of(desktop).tries
  }

  /** On the disk before anybody hears of it. */
  async write(desktop: string, change: Partial<z.infer<typeof entry>>): Promise<void> {
    await this.#inTurn(() => this.#write(desktop, change))
  }

  /** Forgets this grant, and no other that came meanwhile. @returns whether it was there */
  async forget(desktop: string, token: string): Promise<boolean> {
    return await this.#inTurn(async () => {
      if (this.tokenOf(desktop) !== token) return false
      await this.#write(desktop, { token: null })
      return true
    })
  }

  async #write(desktop: string, change: Partial<z.infer<typeof entry>>): Promise<void> {
    const next = { ...this.#state, desktops: { ...this.#state.desktops, [desktop]: { ...this.#of(desktop), ...change } } }
    await writeState(this.#file, next)
    this.#state = next
  }

  #inTurn<T>(act: () => Promise<T>): Promise<T> {
    const done = this.#writing.then(act)
    this.#writing = done.catch(() => undefined)
    return done
  }

  #of(desktop: string): z.infer<typeof entry> {
    return Object.hasOwn(this.#state.desktops, desktop) ? (this.#state.desktops[desktop] ?? empty) : empty
  }
}

const empty = { tries: noTries, token: null }
