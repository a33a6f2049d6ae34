// SPDX-License-Identifier: Apache-2.0
import { DatabaseError } from '../error.ts'
import { FairLock } from './fair-lock.ts'

/** The writer itself (no parent), a transaction, or a savepoint in one: whatever statements can belong to. */
export class Scope {
  readonly lock = new FairLock()
  readonly parent: Scope | undefined
  readonly depth: number
  #closed = false
  #failure: unknown

  constructor(parent: Scope | undefined) {
    this.parent = parent
    this.depth = parent === undefined ? 0 : parent.depth + 1
  }

  get closed(): boolean {
    return this.#closed
  }

  /** From here on every use is refused; what was asked for earlier and still waits is refused too. */
  close(): void {
    this.#closed = true
  }

  /** The first failure stays: it is the one that says why. */
  fail(error: unknown): void {
    this.#failure ??= error
  }

  /** @throws DatabaseError that says why nothing can run here any more. */
  requireUsable(): void {
    const isWriter = this.parent === undefined
    if (this.#closed && isWriter) throw new DatabaseError('database-closed', 'the database is closed')
    if (this.#closed) throw new DatabaseError('transaction-closed', 'a handle was used after the end of its transaction')
    if (this.#failure === undefined) return
    if (isWriter) throw new DatabaseError('writer-broken', 'a transaction could not be undone: open the database anew', this.#failure)
    throw new DatabaseError('transaction-aborted', 'an earlier statement of this transaction failed', this.#failure)
  }
}
