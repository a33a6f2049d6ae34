// SPDX-License-Identifier: Apache-2.0
import { Readable } from 'node:stream'
import type { FetchFile } from '../update/fetch-file.ts'
import type { ConsoleClient } from './console-client.ts'

/** TUF files over the pinned connection, each with a proof. Redirects are not followed: they are answers like any other. */
export function fetchFromConsole(console: ConsoleClient): FetchFile {
  return async (url, { signal }) => {
    const { pathname, search } = new URL(url)
    const response = await console.get(pathname + search, signal)
    return { status: response.statusCode ?? 0, body: Readable.toWeb(response) }
  }
}
