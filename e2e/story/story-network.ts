// SPDX-License-Identifier: Apache-2.0
//
// Two network namespaces joined by a cable: one is the computer that plays the story, one holds two servers. Needs root and iproute2.
import { type ChildProcess, execFileSync, spawn } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { join } from 'node:path'

/** The playing computer's address on the cable, and the two servers', each with a word that it answers on port 8080. */
export const HOST = '10.77.0.1'
export const SERVERS = { first: '10.77.0.3', second: '10.77.0.4' } as const
export const PORT = 8080

export interface StoryNetwork {
  /** Name of the playing computer's namespace. */
  readonly namespace: string
  remove(): Promise<void>
}

const ip = (...args: string[]) => execFileSync('ip', args, { stdio: ['ignore', 'ignore', 'inherit'] })

/** Starts a web server a line of `addresses`, in `namespace` or where this process is; each answers its own address. */
export async function serve(addresses: readonly string[], namespace?: string): Promise<ChildProcess> {
  const args = [join(import.meta.dirname, 'answer-with-address.ts'), String(PORT), ...addresses]
  const child =
    namespace === undefined
      ? spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] })
      : spawn('ip', ['netns', 'exec', namespace, process.execPath, ...args], { stdio: ['ignore', 'pipe', 'inherit'] })
  await once(child.stdout, 'data')
  return child
}

export async function makeStoryNetwork(): Promise<StoryNetwork> {
  const id = randomBytes(3).toString('hex')
  const [host, far] = [`story-h-${id}`, `story-s-${id}`]
  const [near, there] = [`sth${id}`, `sts${id}`]
  ip('netns', 'add', host)
  ip('netns', 'add', far)
  ip('-n', host, 'link', 'add', near, 'type', 'veth', 'peer', 'name', there, 'netns', far)
  ip('-n', host, 'addr', 'add', `${HOST}/24`, 'dev', near)
  for (const address of Object.values(SERVERS)) ip('-n', far, 'addr', 'add', `${address}/24`, 'dev', there)
  for (const [namespace, link] of [
    [host, 'lo'],
    [far, 'lo'],
    [far, there],
    [host, near],
  ] as const)
    ip('-n', namespace, 'link', 'set', link, 'up')
  ip('-n', host, 'route', 'add', 'default', 'via', SERVERS.first)
  const servers = await serve(Object.values(SERVERS), far)
  const remove = async () => {
    servers.kill()
    await once(servers, 'exit')
    ip('netns', 'del', host)
    ip('netns', 'del', far)
  }
  return { namespace: host, remove }
}
