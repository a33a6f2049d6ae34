// SPDX-License-Identifier: Apache-2.0
const HEADER_BYTES = 12
const REFUSED = 5

/**
 * Answers a DNS query (RFC 1035) with REFUSED, so that a guest gives up at once instead of waiting. `malformed` where it is no query.
 * No name is ever passed on: a resolver that asks for a guest would carry its data out.
 */
export function refuseDns(query: Buffer): Buffer | 'malformed' {
  if (query.length < HEADER_BYTES || (query.readUInt8(2) & 0x80) !== 0) return 'malformed'
  const answer = Buffer.alloc(HEADER_BYTES)
  query.copy(answer, 0, 0, 2)
  // The same opcode and "recursion desired"; this is a response.
  answer[2] = 0x80 | (query.readUInt8(2) & 0x79)
  answer[3] = REFUSED
  return answer
}
