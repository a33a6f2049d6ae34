// SPDX-License-Identifier: Apache-2.0
//
// When a read stops waiting for the origin: once nothing at all has come for a while, or, though other objects keep coming, after five
// times as long. A host that is busy is not the same as a line on which nothing moves: work on this computer is waited for.

const longest = 5

export interface Patience {
  readonly quietMs: number
  /** Since when the object has been on its way from the origin, by `performance.now()`; null while it is not. */
  readonly fetchBegan: () => number | null
  /** When any object last came, by `performance.now()`. */
  readonly lastArrival: () => number
}

/** What `opening` gives; rejects with the error that `giveUp` makes when it is late. `opening` itself goes on. */
export function waitFor<T>(opening: Promise<T>, { quietMs, fetchBegan, lastArrival }: Patience, giveUp: () => Error): Promise<T> {
  const { promise, resolve, reject } = Promise.withResolvers<T>()
  let timer: NodeJS.Timeout
  let settled = false
  const check = () => {
    if (settled) return
    const now = performance.now()
    const began = fetchBegan() ?? now
    const end = Math.min(Math.max(began, lastArrival()) + quietMs, began + longest * quietMs)
    if (now >= end) reject(giveUp())
    else wait(end - now)
  }
  // What came while this process could not run is looked at first: timers go before it (Node's event loop), hence the detour.
  const wait = (ms: number) => {
    timer = setTimeout(() => setImmediate(check), Math.ceil(ms))
  }
  wait(quietMs)
  opening.then(resolve, reject).finally(() => {
    settled = true
    clearTimeout(timer)
  })
  return promise
}
