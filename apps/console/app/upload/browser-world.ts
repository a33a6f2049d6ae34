// SPDX-License-Identifier: Apache-2.0
import type { TusAnswer, TusWorld } from './tus-client.ts'

const prefix = 'casemate-upload '

/** XMLHttpRequest, because fetch does not say how much of a body it has sent. */
export const browserWorld: TusWorld = {
  send: (url, { method, headers, body }, signal, onSent) => {
    const { promise, resolve, reject } = Promise.withResolvers<TusAnswer>()
    const request = new XMLHttpRequest()
    request.open(method, url)
    for (const [name, value] of Object.entries(headers)) request.setRequestHeader(name, value)
    request.upload.onprogress = ({ loaded }) => onSent(loaded)
    request.onload = () => resolve({ status: request.status, header: (name) => request.getResponseHeader(name), text: request.responseText })
    request.onerror = () => resolve({ status: 0, header: () => null, text: '' })
    request.onabort = () => reject(signal.reason)
    signal.addEventListener('abort', () => request.abort(), { once: true })
    request.send(body ?? null)
    return promise
  },
  wait: (seconds, signal) => {
    const { promise, resolve, reject } = Promise.withResolvers<void>()
    const timer = setTimeout(resolve, seconds * 1000)
    signal.addEventListener(
      'abort',
      () => {
        clearTimeout(timer)
        reject(signal.reason)
      },
      { once: true },
    )
    return promise
  },
  memory: {
    get: (key) => localStorage.getItem(prefix + key),
    set: (key, url) => localStorage.setItem(prefix + key, url),
    delete: (key) => localStorage.removeItem(prefix + key),
  },
}
