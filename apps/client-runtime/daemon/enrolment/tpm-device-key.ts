// SPDX-License-Identifier: Apache-2.0
//
// A device key in a TPM 2.0: two P-256 keys under a primary key of the owner hierarchy, which the TPM derives from a fixed template whenever
// it is asked. The file holds what only this TPM can load; the private halves never leave it. Whoever may use the TPM and reads the file can use
// the key, but not copy it.
import { createHash } from 'node:crypto'
import { decodeBase64url, encodeBase64url } from '@casemate/policy/base64url'
import type { DeviceKey } from '@casemate/policy/device-key'
import { PolicyError } from '@casemate/policy/error'
import type { EcPublicJwk } from '@casemate/policy/jwk'
import { tpmBytes } from '@casemate/policy/tpm-attestation'
import { TpmReader } from '@casemate/policy/tpm-bytes'
import { readTpmPublic, readTpmSignature } from '@casemate/policy/tpm-public'
import { z } from 'zod'
import { RuntimeError } from '../error.ts'
import type { TpmCall, TpmTools } from './tpm-tools.ts'

/** As the TPM gave them (TPM2B_PUBLIC, TPM2B_PRIVATE), and what shows that it made the key itself: digest and ticket of its creation. */
const tpmKey = z.strictObject({ public: tpmBytes, private: tpmBytes, creationHash: tpmBytes, creationTicket: tpmBytes })
export const tpmDeviceKeyFile = z.strictObject({ format: z.literal('casemate-tpm-device-key-1'), sign: tpmKey, agree: tpmKey })
export type TpmDeviceKeyFile = z.infer<typeof tpmDeviceKeyFile>

const bound = 'fixedtpm|fixedparent|sensitivedataorigin|userwithauth|noda'
/** The storage primary key: always this template, or other keys come out of it. */
const primary = ['-C', 'o', '-G', 'ecc256:aes128cfb', '-g', 'sha256', '-a', `${bound}|restricted|decrypt`] as const
const templates = {
  sign: ['-G', 'ecc256:ecdsa-sha256', '-g', 'sha256', '-a', `${bound}|sign`],
  agree: ['-G', 'ecc256:ecdh-sha256', '-g', 'sha256', '-a', `${bound}|decrypt`],
} as const
type Use = keyof typeof templates

/** What to keep of a new key; it is in no use yet. @throws RuntimeError `tpm-missing`, `tpm-failed` */
export function makeTpmDeviceKey(tools: TpmTools): Promise<TpmDeviceKeyFile> {
  return tools.exclusive(async (call) => {
    await call.run('createprimary', ...primary, '-c', 'primary.ctx')
    const create = async (use: Use) => {
      const files = ['-u', `${use}.pub`, '-r', `${use}.priv`, '-d', `${use}.digest`, '-t', `${use}.ticket`]
      await call.run('create', '-C', 'primary.ctx', ...templates[use], ...files)
      const read = async (ending: string) => encodeBase64url(await call.read(`${use}.${ending}`))
      return { public: await read('pub'), private: await read('priv'), creationHash: await read('digest'), creationTicket: await read('ticket') }
    }
    return { format: 'casemate-tpm-device-key-1' as const, sign: await create('sign'), agree: await create('agree') }
  })
}

/** The TPM is not asked before the key is used. @throws PolicyError `tpm-invalid` */
export async function openTpmDeviceKey(file: TpmDeviceKeyFile, keys: TpmKeys): Promise<DeviceKey> {
  const publicJwk = (await readTpmPublic(decodeBase64url(file.sign.public), 'sign')).jwk
  const agreementJwk = (await readTpmPublic(decodeBase64url(file.agree.public), 'agree')).jwk
  return {
    publicJwk,
    agreementJwk,
    sign: (message) =>
      keys.use(async (call, contextOf) => {
        await call.write('digest', createHash('sha256').update(message).digest())
        await call.run('sign', '-c', contextOf('sign'), '-g', 'sha256', '-s', 'ecdsa', '-d', '-f', 'tss', '-o', 'signature', 'digest')
        return readTpmSignature(await call.read('signature'))
      }),
    agree: async (peer) => {
      await checkPoint(peer)
      return await keys.use(async (call, contextOf) => {
        await call.write('peer', pointOf(peer))
        await call.run('ecdhzgen', '-c', contextOf('agree'), '-u', 'peer', '-o', 'shared')
        return readPoint(await call.read('shared')).x
      })
    },
  }
}

/** Both keys as the TPM's own contexts, which save loading them for each use. They are void after the TPM was reset. */
export class TpmKeys {
  readonly #file: TpmDeviceKeyFile
  readonly #tools: TpmTools
  #loaded = false

  constructor(file: TpmDeviceKeyFile, tools: TpmTools) {
    this.#file = file
    this.#tools = tools
  }

  /** @throws RuntimeError `tpm-missing`, `tpm-failed`: also where another TPM is asked than the one that made the keys */
  use<T>(act: (call: TpmCall, contextOf: (use: Use) => string) => Promise<T>): Promise<T> {
    return this.#tools.exclusive(async (call) => {
      const contextOf = (use: Use) => this.#tools.kept(`${use}.ctx`)
      const wasLoaded = this.#loaded
      if (!wasLoaded) await this.#load(call, contextOf)
      try {
        return await act(call, contextOf)
      } catch (error) {
        if (!wasLoaded || !(error instanceof RuntimeError && error.code === 'tpm-failed')) throw error
        await this.#load(call, contextOf)
        return await act(call, contextOf)
      }
    })
  }

  async #load(call: TpmCall, contextOf: (use: Use) => string): Promise<void> {
    this.#loaded = false
    await call.run('createprimary', ...primary, '-c', 'primary.ctx')
    for (const use of ['sign', 'agree'] as const) {
      await call.write('public', decodeBase64url(this.#file[use].public))
      await call.write('private', decodeBase64url(this.#file[use].private))
      await call.run('load', '-C', 'primary.ctx', '-u', 'public', '-r', 'private', '-c', contextOf(use))
    }
    this.#loaded = true
  }
}

async function checkPoint(peer: EcPublicJwk): Promise<void> {
  try {
    await crypto.subtle.importKey('jwk', peer, { name: 'ECDH', namedCurve: 'P-256' }, false, [])
  } catch (cause) {
    throw new PolicyError('key-invalid', 'expected a point of P-256, found another', cause)
  }
}

/** TPM2B_ECC_POINT (Part 2, 11.2.5.3). */
function pointOf({ x, y }: EcPublicJwk): Uint8Array {
  return Uint8Array.of(0, 68, 0, 32, ...decodeBase64url(x), 0, 32, ...decodeBase64url(y))
}

function readPoint(bytes: Uint8Array): { readonly x: Uint8Array; readonly y: Uint8Array } {
  const whole = new TpmReader(bytes)
  const reader = new TpmReader(whole.sized(68))
  whole.end()
  const point = { x: reader.coordinate(), y: reader.coordinate() }
  reader.end()
  return point
}
