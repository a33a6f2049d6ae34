// SPDX-License-Identifier: Apache-2.0
//
// The one connection that writes. A transaction owns it from begin to commit: everybody else waits in order, and a statement
// reaches a transaction only through that transaction's own scope.
//
//   database --- transaction --- savepoint --- ...      each level: one statement or one child at a time, first come first served
//
// A level that is asked from inside one of its own open children would wait for itself: that is an error, not a deadlock.
import { AsyncLocalStorage } from 'node:async_hooks'
import { DatabaseError } from '../error.ts'
import type { Connection, Row } from './connection.ts'
import { Scope } from './scope.ts'

export class Writer {
  /** Where statements outside any transaction belong: each commits by itself. */
  readonly root = new Scope(undefined)
  readonly #connection: Connection
  readonly #innermost = new AsyncLocalStorage<Scope>()

  constructor(connection: Connection) {
    this.#connection = connection
  }

  /** @throws DatabaseError when `scope` is over, failed, or is waiting for the very code that asks. */
  requireUsable(scope: Scope): void {
    scope.requireUsable()
    this.refuseBypass(scope)
  }

  /** @throws DatabaseError `transaction-bypassed` when `scope` waits for the very code that asks. */
  refuseBypass(scope: Scope): void {
    let inner = this.#innermost.getStore()
    let openInside = false
    while (inner !== undefined && inner !== scope) {
      openInside ||= !inner.closed
      inner = inner.parent
    }
    if (inner === scope && openInside) {
      throw new DatabaseError('transaction-bypassed', 'inside a transaction only the handle that it was given may be used')
    }
  }

  /** Runs one statement in `scope`; a failure ends the transaction that `scope` is. */
  async execute(scope: Scope, sql: string, parameters: readonly unknown[]): Promise<readonly Row[]> {
    return await this.#alone(scope, async () => {
      try {
        return await this.#connection.all(sql, parameters)
      } catch (error) {
        if (scope.parent !== undefined) scope.fail(error)
        throw error
      }
    })
  }

  /** Runs `work` in a transaction inside `parent`: committed when it resolves, undone when it or a statement of it fails. */
  async transaction<T>(parent: Scope, work: (child: Scope) => Promise<T>): Promise<T> {
    return await this.#alone(parent, async () => {
      const child = new Scope(parent)
      await this.#connection.all(parent === this.root ? 'begin immediate' : `savepoint ${levelOf(child)}`)
      try {
        const result = await this.#innermost.run(child, async () => await work(child))
        // Statements that `work` started and did not wait for are part of it: they run before the commit.
        await child.lock.run(async () => {
          child.requireUsable()
          child.close()
        })
        await this.#connection.all(parent === this.root ? 'commit' : `release ${levelOf(child)}`)
        return result
      } catch (error) {
        child.close()
        await child.lock.run(() => this.#undo(child, parent))
        throw error
      }
    })
  }

  /** Refuses newcomers once what was asked for before has run; not from inside a transaction. */
  async end(): Promise<void> {
    await this.root.lock.run(async () => this.root.close())
  }

  async #alone<T>(scope: Scope, act: () => Promise<T>): Promise<T> {
    this.requireUsable(scope)
    return await scope.lock.run(async () => {
      scope.requireUsable()
      return await act()
    })
  }

  async #undo(child: Scope, parent: Scope): Promise<void> {
    try {
      if (parent === this.root) {
        await this.#connection.all('rollback')
      } else {
        await this.#connection.all(`rollback to ${levelOf(child)}`)
        await this.#connection.all(`release ${levelOf(child)}`)
      }
    } catch (error) {
      // SQLite undoes a whole transaction by itself on some errors (https://sqlite.org/lang_transaction.html, section 3):
      // then this level is gone already, and with it every level up to the transaction.
      if (parent === this.root && error instanceof Error && error.message.includes('no transaction is active')) return
      parent.fail(error)
    }
  }
}

function levelOf(scope: Scope): string {
  return `level_${scope.depth}`
}
