// SPDX-License-Identifier: Apache-2.0
import { UpdateError } from './error.ts'

/** What a `ReadableStream` of the platform is for a reader, whichever library of types names it. */
interface Body {
  cancel(): Promise<void>
  getReader(): {
    read(): Promise<{ readonly done: false; readonly value: Uint8Array } | { readonly done: true; readonly value?: unknown }>
    cancel(reason?: unknown): Promise<void>
  }
}

/**
 * Gets one file; `fetch` itself fits. Pinned TLS keys and device proofs are its matter. It must heed the signal, and must not follow
 * a redirect to a server that it would not ask itself.
 */
export type FetchFile = (url: string, options: { readonly signal: AbortSignal }) => Promise<{ readonly status: number; readonly body: Body | null }>

/** By the authorities that this computer trusts; a redirect is refused. */
export const fetchPublic: FetchFile = (url, { signal }) => fetch(url, { signal, redirect: 'error' })

export interface FileLimits {
  readonly bytes: number
  readonly milliseconds: number
}

/**
 * Hands over the body's pieces as they come; a server that sends too much, or without end, is cut off.
 * @returns the HTTP status; only of 200 is the body read.
 * @throws UpdateError `unreachable`, `too-slow`, `too-large`, and whatever `take` throws.
 */
export async function fetchFile(
  fetch: FetchFile,
  url: string,
  limits: FileLimits,
  take: (piece: Uint8Array) => void | Promise<void>,
): Promise<number> {
  const signal = AbortSignal.timeout(limits.milliseconds)
  const response = await named(url, signal, fetch(url, { signal }))
  if (response.status !== 200 || response.body === null) {
    await response.body?.cancel()
    return response.status
  }
  const reader = response.body.getReader()
  try {
    let received = 0
    for (;;) {
      const { done, value } = await named(url, signal, reader.read())
      if (done) return response.status
      received += value.byteLength
      if (received > limits.bytes) throw new UpdateError('too-large', `expected at most ${limits.bytes} bytes from \`${url}\`, found more`)
      await take(value)
    }
  } catch (error) {
    await Promise.allSettled([reader.cancel(error)])
    throw error
  }
}

async function named<T>(url: string, signal: AbortSignal, step: Promise<T>): Promise<T> {
  try {
    return await step
  } catch (cause) {
    if (signal.aborted) throw new UpdateError('too-slow', `\`${url}\` did not come in time`, cause)
    throw new UpdateError('unreachable', `\`${url}\` could not be fetched`, cause)
  }
}
