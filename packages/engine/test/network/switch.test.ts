// SPDX-License-Identifier: Apache-2.0

import { once } from 'node:events'
import { access, chmod, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { type NetworkEvent, type NetworkSwitch, probeUplink, startNetwork } from '../../src/network/switch.ts'
import { ChildLines } from './child-lines.ts'
import { makeNamespaces } from './namespaces.ts'
import { lan, MAC, ScriptedGuest } from './scripted-guest.ts'

let folder: string
let networks: NetworkSwitch[] = []
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'cm-sw-'))
})
afterEach(async () => {
  for (const network of networks) await network.close()
  networks = []
  vi.unstubAllEnvs()
  await rm(folder, { recursive: true, force: true })
})

async function start() {
  const events: NetworkEvent[] = []
  const socket = join(folder, 'net')
  const network = await startNetwork({ socket, mac: MAC, rules: { allow: [] }, kbitPerSecond: null, onEvent: (event) => events.push(event) })
  networks.push(network)
  const seen = (wanted: (event: NetworkEvent) => boolean) => vi.waitFor(() => expect(events.some(wanted)).toBe(true), { timeout: 20_000 })
  return { socket, network, events, seen }
}
/** An ARP request for the gateway: whoever gets an answer is on the link. */
function askGateway(): Buffer {
  return Buffer.concat([
    Buffer.alloc(6, 255),
    lan.guestMac,
    Buffer.from('08060001080006040001', 'hex'),
    lan.guestMac,
    lan.guest,
    Buffer.alloc(6),
    lan.gateway,
  ])
}
async function isOnLink(guest: ScriptedGuest): Promise<boolean> {
  guest.send(askGateway())
  return (await guest.receive((frame) => frame.readUInt16BE(12) === 0x0806)).subarray(22, 28).equals(lan.gatewayMac)
}

describe('the port of the guest', () => {
  it('is for one at a time, and free again when that one has left', async () => {
    const { socket, seen } = await start()
    const first = new ScriptedGuest(socket)
    expect(await isOnLink(first)).toBe(true)
    const second = connect(socket)
    second.on('error', () => second.destroy())
    second.resume()
    await once(second, 'close')
    expect(await isOnLink(first)).toBe(true)
    first.close()
    await seen((event) => event.type === 'guest' && event.state === 'left')
    const third = new ScriptedGuest(socket)
    expect(await isOnLink(third)).toBe(true)
    third.close()
  })

  it('is cut when the framing is broken', async () => {
    const { socket, seen } = await start()
    const broken = connect(socket)
    broken.on('error', () => broken.destroy())
    broken.resume()
    broken.write(Buffer.from('ffffffff00', 'hex'))
    await once(broken, 'close')
    await seen((event) => event.type === 'guest' && event.error?.code === 'network-protocol')
    const guest = new ScriptedGuest(socket)
    expect(await isOnLink(guest)).toBe(true)
    guest.close()
  })

  it('is gone when the switch is closed', async () => {
    const { socket, network } = await start()
    await access(socket)
    await network.close()
    await expect(access(socket)).rejects.toMatchObject({ code: 'ENOENT' })
    networks = []
  })
})

describe('rules of a running switch', () => {
  it('stay as they are when their replacement is invalid', async () => {
    const { network } = await start()
    expect(() => network.setRules({ allow: [{ protocol: 'tcp', cidr: 'everywhere', ports: null }] })).toThrow(
      expect.objectContaining({ code: 'network-rule-invalid' }),
    )
    expect(() => network.setRules({ allow: [{ protocol: 'tcp', cidr: '0.0.0.0/0', ports: null }] })).not.toThrow()
  })
})

describe('the uplink', () => {
  it('is missing where passt is not installed or does not know what is asked of it', async () => {
    const options = { socket: join(folder, 'net'), mac: MAC, rules: { allow: [] }, kbitPerSecond: null, onEvent: () => undefined }
    vi.stubEnv('PATH', folder)
    expect(await probeUplink()).toMatchObject({ available: false, code: 'uplink-missing' })
    await expect(startNetwork(options)).rejects.toMatchObject({ code: 'uplink-missing' })
    await writeFile(join(folder, 'passt'), '#!/bin/sh\necho "  -F, --fd FD"\n')
    await chmod(join(folder, 'passt'), 0o755)
    const report = await probeUplink()
    expect(report).toMatchObject({ available: false, message: expect.stringContaining('--no-map-gw') })
    vi.unstubAllEnvs()
    expect(await probeUplink()).toMatchObject({ available: true })
  })
})

const alive = async (pid: number) => {
  const stat = await readFile(`/proc/${pid}/stat`, 'latin1').catch(() => ') Z')
  return !/\) [ZX]/.test(stat)
}
/** Processes of `parent` that are passt. */
async function passtOf(parent: number | undefined): Promise<number[]> {
  const pids = (await readdir('/proc')).filter((name) => /^\d+$/.test(name))
  const stats = await Promise.all(pids.map((pid) => readFile(`/proc/${pid}/stat`, 'latin1').catch(() => '')))
  return stats.filter((stat) => new RegExp(`^\\d+ \\(passt[^)]*\\) [^Z] ${parent} `).test(stat)).map((stat) => Number.parseInt(stat, 10))
}

describe('the process of the uplink', { timeout: 60_000 }, () => {
  const startIn = async (namespace: string) =>
    new ChildLines('ip', [
      'netns',
      'exec',
      namespace,
      process.execPath,
      entry,
      JSON.stringify({ socket: join(folder, 'net'), mac: MAC, rules: { allow: [] }, kbitPerSecond: null }),
    ])
  const entry = fileURLToPath(new URL('switch-process.ts', import.meta.url))
  const isUp = (event: Record<string, unknown>) => event.type === 'uplink' && event.state === 'up'

  it('is started again when it dies, and dies with the process that owns the switch', async () => {
    const spaces = makeNamespaces()
    try {
      const network = await startIn(spaces.host)
      await network.until(isUp)
      const [first = 0] = await passtOf(network.child.pid)
      process.kill(first, 'SIGKILL')
      await network.until((event) => event.type === 'uplink' && event.state === 'down')
      await vi.waitFor(() => expect(network.events.filter(isUp)).toHaveLength(2), { timeout: 30_000 })
      const [second = 0] = await passtOf(network.child.pid)
      expect([await alive(first), await alive(second)]).toEqual([false, true])
      await network.end('SIGKILL')
      await vi.waitFor(async () => expect(await alive(second)).toBe(false), { timeout: 30_000 })
    } finally {
      spaces.remove()
    }
  })

  it('tells why it is down on a host without a route, while the guest keeps its link, and comes up with the route', async () => {
    const spaces = makeNamespaces()
    try {
      spaces.inHost('route', 'del', 'default')
      spaces.inHost('-6', 'route', 'del', 'default')
      const network = await startIn(spaces.host)
      const down = await network.until((event) => event.type === 'uplink' && event.state === 'down')
      expect(down.message).toContain('External interface not usable')
      const guest = new ScriptedGuest(join(folder, 'net'))
      expect(await isOnLink(guest)).toBe(true)
      spaces.inHost('addr', 'add', '10.77.0.9/24', 'dev', 'lo')
      spaces.inHost('route', 'add', 'default', 'via', '10.77.0.2')
      await network.until(isUp)
      guest.close()
      await network.end()
    } finally {
      spaces.remove()
    }
  })
})
