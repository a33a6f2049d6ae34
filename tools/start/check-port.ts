// SPDX-License-Identifier: Apache-2.0
import { createServer } from 'node:net'
import { StartError } from './error.ts'

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
