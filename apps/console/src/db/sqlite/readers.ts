// SPDX-License-Identifier: Apache-2.0
import type { Connection, Row } from './connection.ts'

/**
 * Read-only connections that work beside the writer (WAL): each statement sees what was committed when it began.
 * A statement that finds all of them busy waits its turn in JavaScript and not in a thread of the pool.
 */
export class Readers {
  readonly #count: number
  readonly #idle: Connection[]
  readonly #waiting: ((connection: Connection) => void)[] = []

  constructor(connections: readonly Connection[]) {
    this.#count = connections.length
    this.#idle = [...connections]
  }

  async all(sql: string, parameters: readonly unknown[]): Promise<readonly Row[]> {
    const connection = await this.#take()
    try {
      return await connection.all(sql, parameters)
    } finally {
      this.#give(connection)
    }
  }

  /** Closes each connection once what was asked for before has run; the caller lets nobody in afterwards. */
  async close(): Promise<void> {
    const connections = await Promise.all(Array.from({ length: this.#count }, () => this.#take()))
    for (const connection of connections) await connection.close()
  }

  async #take(): Promise<Connection> {
    const idle = this.#idle.pop()
    return idle ?? (await new Promise<Connection>((resolve) => this.#waiting.push(resolve)))
  }

  #give(connection: Connection): void {
    const next = this.#waiting.shift()
    if (next === undefined) this.#idle.push(connection)
    else next(connection)
  }
}
