// SPDX-License-Identifier: Apache-2.0
//
// Tries what a contained program must not do and prints, as JSON, what came of each attempt.
import { connect } from 'node:net'

const [port = '', unixSocket = '', secretFile = '', newFile = ''] = process.argv.slice(2)

function codeOf(error: unknown): string {
  return error instanceof Error && 'code' in error ? String(error.code) : String(error)
}

async function attempt(act: () => Promise<string>): Promise<string> {
  try {
    return await act()
  } catch (error) {
    return codeOf(error)
  }
}

function heard(target: { port: number; host: string } | { path: string }): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = connect(target)
    socket.once('data', (bytes) => resolve(bytes.toString()))
    socket.once('error', reject)
  })
}

const results = {
  tcp: await attempt(() => heard({ port: Number(port), host: '127.0.0.1' })),
  unixSocket: await attempt(() => heard({ path: unixSocket })),
  readFile: await attempt(async () => (await import('node:fs/promises')).readFile(secretFile, 'utf8')),
  writeFile: await attempt(async () => {
    await (await import('node:fs/promises')).writeFile(newFile, 'x')
    return 'done'
  }),
  childProcess: await attempt(async () => {
    ;(await import('node:child_process')).execFileSync('/bin/true')
    return 'done'
  }),
  worker: await attempt(async () => {
    const { Worker } = await import('node:worker_threads')
    await new Worker('', { eval: true }).terminate()
    return 'done'
  }),
  environment: process.env.SECRET ?? 'none',
}
console.log(JSON.stringify(results))
