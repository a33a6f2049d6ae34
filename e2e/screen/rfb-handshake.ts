// SPDX-License-Identifier: Apache-2.0
import type { ByteQueue } from './byte-queue.ts'
import { ScreenError } from './error.ts'
import type { Transport } from './transport.ts'

const VERSION = 'RFB 003.008\n'
const SECURITY_NONE = 1
const LONGEST_STRING = 1024 * 1024

/** What ServerInit says; the pixel format in it is replaced at once and so not kept. */
export interface Desktop {
  readonly width: number
  readonly height: number
  readonly name: string
}

/** A length of 4 bytes and that many of Latin-1. */
export async function readString(queue: ByteQueue): Promise<string> {
  const length = (await queue.read(4)).readUInt32BE()
  if (length > LONGEST_STRING) throw new ScreenError('protocol', `the server announces a text of ${length} bytes, expected at most ${LONGEST_STRING}`)
  return (await queue.read(length)).toString('latin1')
}

/**
 * RFC 6143 sections 7.1 to 7.3: version, security type None, shared desktop.
 * @throws ScreenError `protocol`, `refused` with the server's reason, `closed`
 */
export async function shakeHands(queue: ByteQueue, transport: Transport): Promise<Desktop> {
  const version = (await queue.read(VERSION.length)).toString('latin1')
  if (version !== VERSION) throw new ScreenError('protocol', `the server speaks ${JSON.stringify(version)}, expected ${JSON.stringify(VERSION)}`)
  transport.write(Buffer.from(VERSION, 'latin1'))
  const count = (await queue.read(1)).readUInt8()
  if (count === 0) throw new ScreenError('refused', `the server refuses: ${await readString(queue)}`)
  const types = [...(await queue.read(count))]
  if (!types.includes(SECURITY_NONE)) throw new ScreenError('protocol', `the server offers security types \`${types.join(', ')}\`, expected 1 (None)`)
  transport.write(Buffer.from([SECURITY_NONE]))
  const result = (await queue.read(4)).readUInt32BE()
  if (result !== 0) throw new ScreenError('refused', `the server refuses: ${await readString(queue)}`)
  transport.write(Buffer.from([1]))
  const init = await queue.read(20)
  return { width: init.readUInt16BE(0), height: init.readUInt16BE(2), name: await readString(queue) }
}
