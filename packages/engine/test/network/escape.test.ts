// SPDX-License-Identifier: Apache-2.0
//
// The same ways out as in escape-frames.test.ts, through the switch, passt and the kernel: servers stand on the host, on its loopback
// and beside it, and say who came.
import { mkdtemp, rm } from 'node:fs/promises'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { MAX_FRAME } from '../../src/network/frame-stream.ts'
import type { NetworkRule } from '../../src/network/rules.ts'
import { type ChildLines, inNamespace } from './child-lines.ts'
import { hostileFrames } from './hostile-frames.ts'
import { hostAddresses, makeNamespaces, type Namespaces, serverAddresses } from './namespaces.ts'
import { MAC, ScriptedGuest } from './scripted-guest.ts'

const allow = (['tcp', 'udp', 'icmp'] as const).flatMap((protocol): NetworkRule[] =>
  ['0.0.0.0/0', '::/0'].map((cidr) => ({ protocol, cidr, ports: null })),
)

let spaces: Namespaces
let folder: string
let remote: ChildLines
let local: ChildLines

beforeAll(async () => {
  spaces = makeNamespaces()
  folder = await mkdtemp(join(tmpdir(), 'cm-esc-'))
  remote = inNamespace(spaces.servers, 'servers-process.ts', ...serverAddresses)
  // Every address of the loopback and of the host, whichever way it is written.
  local = inNamespace(spaces.host, 'servers-process.ts', '0.0.0.0', '::1', ...hostAddresses.slice(1))
  await Promise.all([remote, local].map((servers) => servers.until(({ ready }) => ready === true)))
})
afterAll(async () => {
  await Promise.all([remote, local].map((servers) => servers.end('SIGKILL')))
  spaces.remove()
  await rm(folder, { recursive: true, force: true })
})

const came = (servers: ChildLines) => servers.events.filter((event) => event.came !== undefined)

describe('a guest whose rules list everything', { timeout: 120_000 }, () => {
  it('comes no further than the switch with any of its frames, each counted by its reason, and reaches the server beside the host', async () => {
    const socket = join(folder, 'net')
    const network = inNamespace(spaces.host, 'switch-process.ts', JSON.stringify({ socket, mac: MAC, rules: { allow }, kbitPerSecond: null }))
    await network.until(({ type, state }) => type === 'uplink' && state === 'up')
    const guest = new ScriptedGuest(socket)
    const expected: Record<string, number> = {}
    for (const { reason, frame } of hostileFrames) {
      guest.send(frame)
      expected[reason] = (expected[reason] ?? 0) + 1
    }
    // Frames are dealt with in their order: once this one is answered, all before it are.
    expect(await guest.knock('10.77.0.3')).toBe('open')
    expect(await guest.knock('fd77::3')).toBe('open')
    expect(await guest.exchange('10.77.0.4', 'twin')).toBe('twin')
    network.say({ rules: { allow } })
    const { counters } = await network.until(({ rules }) => rules === 1)
    expect(counters).toMatchObject({ opened: 3, refused: expected, toUplink: { frames: 5 } })
    await remote.until(() => came(remote).length === 3)
    expect(came(remote).map(({ address }) => address)).toEqual(['10.77.0.3', 'fd77::3', '10.77.0.4'])
    expect(came(local)).toEqual([])
    guest.close()
    await network.end()
  })

  it('is cut off for a frame longer than any packet, and may send one just as long', async () => {
    const socket = join(folder, 'long')
    const network = inNamespace(spaces.host, 'switch-process.ts', JSON.stringify({ socket, mac: MAC, rules: { allow }, kbitPerSecond: null }))
    await network.until(({ type, state }) => type === 'uplink' && state === 'up')
    for (const [length, survives] of [
      [MAX_FRAME, true],
      [MAX_FRAME + 1, false],
    ] as const) {
      const raw = connect(socket)
      raw.on('error', () => raw.destroy())
      const closed = new Promise((resolve) => raw.once('close', resolve))
      raw.resume()
      const header = Buffer.alloc(4)
      header.writeUInt32BE(length)
      raw.write(Buffer.concat([header, Buffer.alloc(length)]))
      const left = () => network.events.filter(({ type, state, error }) => type === 'guest' && state === 'left' && error !== null).length
      if (survives) {
        raw.end()
        await closed
        await network.until(({ type, state }) => type === 'guest' && state === 'left')
        expect(left()).toBe(0)
      } else {
        await closed
        await network.until(() => left() === 1)
      }
    }
    await network.end()
  })
})
