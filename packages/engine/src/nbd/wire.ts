// SPDX-License-Identifier: Apache-2.0
//
// Numbers of the NBD protocol (github.com/NetworkBlockDevice/nbd, doc/proto.md) that the client speaks.

export const NBD_MAGIC = 0x4e42444d41474943n
export const OPTION_MAGIC = 0x49484156454f5054n
export const OPTION_REPLY_MAGIC = 0x3e889045565a9n
export const REQUEST_MAGIC = 0x25609513
export const SIMPLE_REPLY_MAGIC = 0x67446698

export const FLAG_FIXED_NEWSTYLE = 1
export const FLAG_NO_ZEROES = 2

export const OPTION_GO = 7
export const REPLY_ACK = 1
export const REPLY_INFO = 3
export const INFO_EXPORT = 0
export const INFO_BLOCK_SIZE = 3

export const TRANSMIT_READ_ONLY = 1 << 1
export const TRANSMIT_FLUSH = 1 << 2
export const TRANSMIT_TRIM = 1 << 5

export const COMMAND_READ = 0
export const COMMAND_WRITE = 1
export const COMMAND_DISCONNECT = 2
export const COMMAND_FLUSH = 3
export const COMMAND_TRIM = 4

/** Request header: magic, flags, type, cookie, offset, length. */
export function encodeRequest(type: number, cookie: bigint, offset: number, length: number): Buffer {
  const header = Buffer.alloc(28)
  header.writeUInt32BE(REQUEST_MAGIC, 0)
  header.writeUInt16BE(type, 6)
  header.writeBigUInt64BE(cookie, 8)
  header.writeBigUInt64BE(BigInt(offset), 16)
  header.writeUInt32BE(length, 24)
  return header
}

/** NBD_OPT_GO for `name`, asking for the block size constraints too. */
export function encodeGo(name: string): Buffer {
  const nameBytes = Buffer.from(name, 'utf8')
  const option = Buffer.alloc(16 + 4 + nameBytes.length + 4)
  option.writeBigUInt64BE(OPTION_MAGIC, 0)
  option.writeUInt32BE(OPTION_GO, 8)
  option.writeUInt32BE(nameBytes.length + 8, 12)
  option.writeUInt32BE(nameBytes.length, 16)
  nameBytes.copy(option, 20)
  option.writeUInt16BE(1, 20 + nameBytes.length)
  option.writeUInt16BE(INFO_BLOCK_SIZE, 22 + nameBytes.length)
  return option
}
