// SPDX-License-Identifier: Apache-2.0
import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { createServer, type Server, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { createQemuBackend } from '../../src/qemu/backend.ts'
import type { VmSpec } from '../../src/virtual-machine.ts'
import { chattyDisk } from '../boot-disk.ts'
import { NbdHost } from './nbd-host.ts'
import { ideDisk, newSpec } from './new-spec.ts'

let root: string
let nbd: NbdHost
const servers: Server[] = []

beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), 'cm-'))
  nbd = new NbdHost(root)
})
afterAll(async () => {
  for (const server of servers) server.close()
  await nbd.close()
  await rm(root, { recursive: true })
})

async function listen(): Promise<{ socket: string; connection: () => Promise<Socket> }> {
  const server = createServer()
  servers.push(server)
  const socket = join(await mkdtemp(join(root, 'net-')), 'net.sock')
  server.listen(socket)
  await once(server, 'listening')
  const waiting: Socket[] = []
  server.on('connection', (connection) => waiting.push(connection))
  return {
    socket,
    connection: async () => {
      if (waiting.length === 0) await once(server, 'connection')
      const [connection] = waiting.splice(0)
      if (connection === undefined) throw new Error('nobody connected')
      return connection
    },
  }
}

/** QEMU announces the guest's address by RARP (ethertype 0x8035) when a restored VM goes on. */
async function firstFrame(connection: Socket): Promise<Buffer> {
  let held = Buffer.alloc(0)
  for await (const bytes of connection) {
    held = Buffer.concat([held, bytes])
    if (held.length >= 4 && held.length >= 4 + held.readUInt32BE(0)) break
  }
  return held.subarray(4, 4 + held.readUInt32BE(0))
}

describe('a network card', () => {
  it.each(['e1000', 'rtl8139', 'ne2k_pci', 'virtio'] as const)(
    '%s sends its frames to the socket of the spec, each with its length before it',
    async (model) => {
      const switchSide = await listen()
      const disk = ideDisk({ kind: 'writable-nbd', nbd: await nbd.serve(chattyDisk(2048)) })
      const network: VmSpec['network'] = { model, mac: '52:54:00:ab:cd:ef', socket: switchSide.socket }
      const spec: VmSpec = { ...newSpec(await mkdtemp(join(root, 'vm-')), [disk]), network }
      const backend = createQemuBackend({ cacheFolder: join(root, 'cache') })
      const vm = await backend.open(spec)
      await switchSide.connection()
      await vm.start()
      const file = { path: join(root, `state-${model}`), key: randomBytes(32), binding: 'network' }
      await vm.suspend(file)
      const restored = await backend.open(spec, file)
      const frame = firstFrame(await switchSide.connection())
      await restored.resume()
      expect((await frame).subarray(0, 14).toString('hex')).toBe('ffffffffffff525400abcdef8035')
      await restored.stop()
    },
  )
})
