// SPDX-License-Identifier: Apache-2.0
//
// RFB 3.8 with security type None (RFC 6143 7.1-7.3), relayed between viewer and server. Every viewer is told the same short list of one
// security type and joins as a shared one, so that a second viewer never throws out the first.
import { EngineError } from '../error.ts'
import { type ByteReader, viewOf } from './byte-reader.ts'
import type { ByteWriter } from './byte-writer.ts'
import { checkPixelFormat, type Framing, MAX_SIDE } from './framing.ts'

const VERSION = 'RFB 003.008\n'
const SECURITY_NONE = 1
const MAX_NAME = 4096

/** @throws EngineError `rfb-protocol` for any other version, security type, or a server that refuses. */
export async function relayHandshake(
  fromGuest: ByteReader,
  toGuest: ByteWriter,
  fromViewer: ByteReader,
  toViewer: ByteWriter,
  framing: Framing,
): Promise<void> {
  await send(toViewer, await version(fromGuest, 'the display server'))
  await send(toGuest, await version(fromViewer, 'the viewer'))
  await securityNone(fromGuest)
  await send(toViewer, Uint8Array.of(1, SECURITY_NONE))
  await chosenNone(fromViewer)
  await send(toGuest, Uint8Array.of(SECURITY_NONE))
  await accepted(fromGuest)
  await send(toViewer, new Uint8Array(4))
  await fromViewer.exactly(1)
  await send(toGuest, Uint8Array.of(1))
  await send(toViewer, await serverInit(fromGuest, framing))
}

async function send(to: ByteWriter, bytes: Uint8Array): Promise<void> {
  await to.write(bytes)
  await to.flush()
}

export async function version(from: ByteReader, whose: string): Promise<Uint8Array> {
  const bytes = await from.exactly(VERSION.length)
  const found = Buffer.from(bytes).toString('latin1')
  if (found !== VERSION) throw new EngineError('rfb-protocol', `${whose} speaks ${JSON.stringify(found)}, expected ${JSON.stringify(VERSION)}`)
  return bytes
}

export async function securityNone(fromGuest: ByteReader): Promise<void> {
  const [count = 0] = await fromGuest.exactly(1)
  const types = await fromGuest.exactly(count)
  if (!types.includes(SECURITY_NONE)) {
    throw new EngineError(
      'rfb-protocol',
      `the display server offers security types \`${[...types].join(' ')}\`, expected \`${SECURITY_NONE}\` among them`,
    )
  }
}

async function chosenNone(fromViewer: ByteReader): Promise<void> {
  const [chosen] = await fromViewer.exactly(1)
  if (chosen !== SECURITY_NONE) throw new EngineError('rfb-protocol', `the viewer chose security type \`${chosen}\`, expected \`${SECURITY_NONE}\``)
}

export async function accepted(fromGuest: ByteReader): Promise<void> {
  const result = viewOf(await fromGuest.exactly(4)).getUint32(0)
  if (result !== 0) throw new EngineError('rfb-protocol', `the display server refused with security result \`${result}\`, expected 0`)
}

/** ServerInit whole (RFC 6143 7.3.2). */
export async function serverInit(fromGuest: ByteReader, framing: Framing): Promise<Uint8Array> {
  const head = await fromGuest.exactly(24)
  const view = viewOf(head)
  checkSize(view.getUint16(0), view.getUint16(2))
  checkPixelFormat(head.subarray(4, 20))
  framing.resize(view.getUint16(0), view.getUint16(2))
  const nameLength = view.getUint32(20)
  if (nameLength > MAX_NAME) throw new EngineError('rfb-protocol', `a desktop name of \`${nameLength}\` bytes, expected at most ${MAX_NAME}`)
  return Buffer.concat([head, await fromGuest.exactly(nameLength)])
}

/** @throws EngineError `rfb-protocol` for a picture that no guest has. */
export function checkSize(width: number, height: number): void {
  if (width > MAX_SIDE || height > MAX_SIDE) {
    throw new EngineError('rfb-protocol', `a picture of \`${width}x${height}\`, expected at most ${MAX_SIDE} a side`)
  }
}
