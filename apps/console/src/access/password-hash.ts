// SPDX-License-Identifier: Apache-2.0
//
// Passwords at rest: argon2id (RFC 9106) in PHC string form, `$argon2id$v=19$m=...,t=...,p=...$salt$tag`.
import { argon2, randomBytes, timingSafeEqual } from 'node:crypto'
import { promisify } from 'node:util'

const run = promisify(argon2)
/** OWASP's first choice for argon2id: 19 MiB, two passes, one lane. */
const chosen = { memory: 19_456, passes: 2, parallelism: 1 }
const phc =
  /^\$argon2id\$v=19\$m=(?<memory>[0-9]{1,7}),t=(?<passes>[0-9]{1,2}),p=(?<parallelism>[0-9]{1,2})\$(?<salt>[A-Za-z0-9+/]{22})\$(?<tag>[A-Za-z0-9+/]{43})$/

export async function hashPassword(password: string): Promise<string> {
  const salt = randomBytes(16)
  const tag = await derive(password, salt, chosen)
  return `$argon2id$v=19$m=${chosen.memory},t=${chosen.passes},p=${chosen.parallelism}$${unpadded(salt)}$${unpadded(tag)}`
}

/** False also for a record that is no hash of a password, such as `!`, which no password opens. */
export async function isPassword(password: string, record: string): Promise<boolean> {
  const { memory, passes, parallelism, salt, tag } = phc.exec(record)?.groups ?? {}
  if (salt === undefined || tag === undefined) return false
  const params = { memory: Number(memory), passes: Number(passes), parallelism: Number(parallelism) }
  return timingSafeEqual(await derive(password, Buffer.from(salt, 'base64'), params), Buffer.from(tag, 'base64'))
}

async function derive(password: string, nonce: Buffer, params: typeof chosen): Promise<Buffer> {
  return await run('argon2id', { message: password.normalize('NFKC'), nonce, ...params, tagLength: 32 })
}

const unpadded = (bytes: Buffer): string => bytes.toString('base64').replace(/=+$/, '')
