// SPDX-License-Identifier: Apache-2.0
import { createServer } from 'node:net'
import { StartError } from './error.ts'

/**
 * The first of ten ports that nobody listens on, from below those that systems hand out by themselves: it is kept for good, and one of those
 * may be somebody else's at the next start. 0, for any, where all ten are taken.
 */
export async function findPort(from: number): Promise<number> {
  for (let port = from; port < from + 10; port += 1) {
    const free = await checkPort(port, '').then(
      () => true,
      () => false,
    )
    if (free) return port
  }
  return 0
}

/** Before the long part. @throws StartError `environment` where another program listens on it. */
export async function checkPort(port: number, option: string): Promise<void> {
  if (port === 0) return
  const server = createServer()
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject)
    server.listen(port, '127.0.0.1', resolve)
  }).catch((cause: unknown) => {
    const why =
      cause instanceof Error && 'code' in cause && cause.code === 'EACCES' ? 'may not be opened by this user' : 'is taken by another program'
    throw new StartError('environment', `port ${port} of 127.0.0.1 ${why}; choose another one with \`${option}\`, 0 for any`, cause)
  })
  await new Promise((resolve) => server.close(resolve))
}
