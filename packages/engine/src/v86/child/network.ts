// SPDX-License-Identifier: Apache-2.0
import { connect, type Socket } from 'node:net'
import { EngineError } from '../../error.ts'
import { ByteReader } from '../../nbd/byte-reader.ts'
import type { Emulator, MacHolder } from './hooks.ts'

const SHORTEST_FRAME = 14
const LONGEST_FRAME = 65_535
/** A frame that finds more than this unsent is dropped, as a full wire would. */
const MOST_UNSENT = 1024 * 1024

/** Connects to the switch. @throws EngineError `network-closed` where nobody listens. */
export function connectSwitch(path: string): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const socket = connect(path, () => {
      socket.removeListener('error', refused)
      resolve(socket)
    })
    const refused = (cause: Error) => reject(new EngineError('network-closed', `nobody listens at the network socket \`${path}\``, cause))
    socket.once('error', refused)
  })
}

/** Frames between the card and the switch, each behind its length (4 bytes, big-endian). A broken stream unplugs the cable for good. */
export async function carryFrames(emulator: Pick<Emulator, 'bus' | 'add_listener'>, socket: Socket): Promise<void> {
  const reader = new ByteReader(socket, (cause) => new EngineError('network-closed', 'the switch closed', cause))
  emulator.add_listener('net0-send', (frame) => {
    if (!(frame instanceof Uint8Array) || frame.length > LONGEST_FRAME || socket.destroyed || socket.writableLength > MOST_UNSENT) return
    const message = Buffer.alloc(4 + frame.length)
    message.writeUInt32BE(frame.length)
    message.set(frame, 4)
    socket.write(message)
  })
  try {
    for (;;) {
      const length = (await reader.read(4)).readUInt32BE(0)
      if (length < SHORTEST_FRAME || length > LONGEST_FRAME) throw new EngineError('network-closed', `a frame of ${length} bytes from the switch`)
      emulator.bus.send('net0-receive', new Uint8Array(await reader.read(length)))
    }
  } catch (error) {
    socket.destroy()
    if (!(error instanceof EngineError)) throw error
  }
}

/** v86 draws a random address; the card gets the one of the spec, in its PROM too where it has one (NE2000: each byte twice). */
export function setMac(card: MacHolder, mac: string): void {
  const bytes = Buffer.from(mac.replaceAll(':', ''), 'hex')
  if (bytes.length !== 6) throw new EngineError('engine-protocol', `\`${mac}\` is no MAC address`)
  card.mac.set(bytes)
  for (const [index, byte] of card.memory === undefined ? [] : bytes.entries()) card.memory?.set([byte, byte], index * 2)
}
