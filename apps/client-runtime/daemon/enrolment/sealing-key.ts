// SPDX-License-Identifier: Apache-2.0
//
// The key under which this user's software device keys are sealed: a file outside every data folder, so that a copy of a data folder
// alone is not the device. It is no secret from this user, nor from a local administrator; ADR 12 says why it is a file.
import { randomBytes, randomUUID } from 'node:crypto'
import { chmod, link, mkdir, open, rm } from 'node:fs/promises'
import { dirname } from 'node:path'
import { decodeBase64url, encodeBase64url } from '@casemate/policy/base64url'
import { bytesText } from '@casemate/policy/passphrase'
import { z } from 'zod'
import { RuntimeError } from '../error.ts'
import { readState } from '../state-file.ts'
import { syncFolder } from '../update/write-whole.ts'

const sealingKeyFile = z.strictObject({ format: z.literal('casemate-sealing-key-1'), key: bytesText(32) })

/** 32 bytes; undefined where there is no such file. @throws RuntimeError `state-altered`; the read error */
export async function readSealingKey(path: string): Promise<Uint8Array | undefined> {
  const kept = await readState(path, sealingKeyFile)
  if (kept === undefined) return undefined
  await chmod(path, 0o600)
  return decodeBase64url(kept.key)
}

/**
 * The key that is there, or a new one, durable before it is returned. Of two that are made at once, one wins and both get it.
 * @throws RuntimeError `state-altered`; `sealing-key-failed`: nothing can be read or made there
 */
export async function readOrMakeSealingKey(path: string): Promise<Uint8Array> {
  try {
    const kept = await readSealingKey(path)
    if (kept !== undefined) return kept
    await makeSealingKey(path)
    const made = await readSealingKey(path)
    if (made !== undefined) return made
  } catch (cause) {
    if (cause instanceof RuntimeError) throw cause
    throw failed(path, cause)
  }
  throw failed(path, undefined)
}

async function makeSealingKey(path: string): Promise<void> {
  await mkdir(dirname(path), { recursive: true, mode: 0o700 })
  const part = `${path}.${randomUUID()}.part`
  try {
    const file = await open(part, 'wx', 0o600)
    try {
      await file.writeFile(JSON.stringify({ format: 'casemate-sealing-key-1', key: encodeBase64url(new Uint8Array(randomBytes(32))) }))
      await file.sync()
    } finally {
      await file.close()
    }
    await link(part, path).catch((error: unknown) => {
      if (!(error instanceof Error && 'code' in error && error.code === 'EEXIST')) throw error
    })
    await syncFolder(dirname(path))
  } finally {
    await rm(part, { force: true })
  }
}

function failed(path: string, cause: unknown): RuntimeError {
  const message = `no key to seal the key of this device can be kept in \`${path}\`; \`XDG_STATE_HOME\` names another place`
  return new RuntimeError('sealing-key-failed', message, { cause })
}
