// SPDX-License-Identifier: Apache-2.0
//
// Packages of which a session met an altered object that could not be had intact. No session of such a package starts, over restarts of
// the daemon too, until each of those objects was fetched anew and has the bytes that its name says. Another package is another matter.
import { sha256Text } from '@casemate/policy/names'
import { z } from 'zod'
import type { Layout } from '../../layout.ts'
import { readState, writeState } from '../state-file.ts'
import { sha256Of } from '../update/verified-copy.ts'

const format = 'casemate-altered-packages-1'
/** By SHA-256 of the package: names of objects. */
const altered = z.strictObject({ format: z.literal(format), packages: z.record(sha256Text, z.array(sha256Text).min(1)) })
type Packages = Readonly<Record<string, readonly string[]>>

export class AlteredPackages {
  readonly #file: string
  #packages: Packages
  #turn: Promise<unknown> = Promise.resolve()

  private constructor(file: string, packages: Packages) {
    this.#file = file
    this.#packages = packages
  }

  /** @throws RuntimeError `state-altered` */
  static async open({ alteredPackages }: Pick<Layout, 'alteredPackages'>): Promise<AlteredPackages> {
    return new AlteredPackages(alteredPackages, (await readState(alteredPackages, altered))?.packages ?? {})
  }

  has(sha256: string): boolean {
    return Object.hasOwn(this.#packages, sha256)
  }

  /** Durable before it resolves. */
  note(sha256: string, object: string): Promise<void> {
    return this.#change((before) => {
      const known = before[sha256] ?? []
      return known.includes(object) ? before : { ...before, [sha256]: [...known, object] }
    })
  }

  /** @param find the object out of where sessions have it from; what it gives is checked here, and what it throws mends nothing. */
  async mend(find: (object: string) => Promise<Uint8Array | null>): Promise<void> {
    const intact = new Set<string>()
    for (const object of new Set(Object.values(this.#packages).flat())) {
      const bytes = await find(object).catch(() => null)
      if (bytes !== null && sha256Of(bytes) === object) intact.add(object)
    }
    if (intact.size === 0) return
    await this.#change((before) => {
      const left = Object.entries(before).map(([sha256, objects]) => [sha256, objects.filter((object) => !intact.has(object))] as const)
      return Object.fromEntries(left.filter(([, objects]) => objects.length > 0))
    })
  }

  #change(change: (before: Packages) => Packages): Promise<void> {
    const done = this.#turn.then(async () => {
      const after = change(this.#packages)
      if (after === this.#packages) return
      await writeState(this.#file, { format, packages: after })
      this.#packages = after
    })
    this.#turn = done.catch(() => undefined)
    return done
  }
}
