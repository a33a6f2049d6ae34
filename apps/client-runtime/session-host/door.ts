// SPDX-License-Identifier: Apache-2.0
//
// Who may speak to the viewer door: a page of its own origin that knows the session's token. The Host check stops DNS
// rebinding, the Origin check stops other pages of the user's browser, the token stops other users of the computer.
import { timingSafeEqual } from 'node:crypto'
import type { IncomingMessage } from 'node:http'

export type DoorRefusal = 'host-refused' | 'origin-refused' | 'token-refused'

/** Subprotocol by which a browser's WebSocket carries the token: it cannot set headers. */
const TOKEN_PROTOCOL = 'casemate.token.'

function sameToken(given: string, expected: string): boolean {
  const a = Buffer.from(given)
  const b = Buffer.from(expected)
  return a.length === b.length && timingSafeEqual(a, b)
}

/** @param origin the door's own, such as `http://127.0.0.1:4000` */
export function checkHost(host: string | undefined, origin: string): DoorRefusal | null {
  return host !== undefined && `http://${host}` === origin ? null : 'host-refused'
}

/** For calls with `Authorization: Bearer`. A missing Origin is a caller outside a browser; the token alone decides then. */
export function checkCall(
  headers: { readonly origin: string | undefined; readonly authorization: string | undefined },
  origin: string,
  token: string,
): DoorRefusal | null {
  if (headers.origin !== undefined && headers.origin !== origin) return 'origin-refused'
  const given = /^Bearer ([A-Za-z0-9_-]+)$/.exec(headers.authorization ?? '')?.[1]
  return given !== undefined && sameToken(given, token) ? null : 'token-refused'
}

/** For a WebSocket handshake: `Sec-WebSocket-Protocol: binary, casemate.token.<token>`. */
export function checkUpgrade(request: Pick<IncomingMessage, 'headers'>, origin: string, token: string): DoorRefusal | null {
  const host = checkHost(request.headers.host, origin)
  if (host !== null) return host
  if (request.headers.origin !== undefined && request.headers.origin !== origin) return 'origin-refused'
  const offered = (request.headers['sec-websocket-protocol'] ?? '').split(',').map((name) => name.trim())
  const given = offered.find((name) => name.startsWith(TOKEN_PROTOCOL))?.slice(TOKEN_PROTOCOL.length)
  return given !== undefined && sameToken(given, token) ? null : 'token-refused'
}
