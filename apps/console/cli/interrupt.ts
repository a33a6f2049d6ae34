// SPDX-License-Identifier: Apache-2.0

/** Aborted by the first SIGINT or SIGTERM, so that nothing half-made stays; a second one ends the process as usual. */
export function stopOnSignal(): AbortSignal {
  const stop = new AbortController()
  const onSignal = (name: NodeJS.Signals) => {
    process.off('SIGINT', onSignal)
    process.off('SIGTERM', onSignal)
    stop.abort(new Error(name))
  }
  process.on('SIGINT', onSignal)
  process.on('SIGTERM', onSignal)
  return stop.signal
}
