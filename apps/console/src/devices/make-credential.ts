// SPDX-License-Identifier: Apache-2.0
//
// TPM2_MakeCredential without a TPM (TPM 2.0 Library, Part 1, 24 and B.10.4): a secret that only the TPM with this endorsement key opens, and
// only while a key of this name is in it. For endorsement keys of the default template (RSA 2048, AES-128-CFB, SHA-256; TCG EK Credential
// Profile, B.3.3). Pure: randomness is an argument.
import { constants, createCipheriv, createHmac, type KeyObject, publicEncrypt } from 'node:crypto'

/**
 * @param secret at most 32 bytes.
 * @param name of the key, algorithm first.
 * @param seed 32 fresh random bytes.
 * @returns TPM2B_ID_OBJECT, then TPM2B_ENCRYPTED_SECRET.
 */
export function makeCredential(endorsementKey: KeyObject, name: Uint8Array, secret: Uint8Array, seed: Uint8Array): Uint8Array {
  const oaep = { padding: constants.RSA_PKCS1_OAEP_PADDING, oaepHash: 'sha256', oaepLabel: Buffer.from('IDENTITY\0') }
  const encryptedSeed = publicEncrypt({ key: endorsementKey, ...oaep }, seed)
  const cipher = createCipheriv('aes-128-cfb', kdfa(seed, 'STORAGE', name, 128), Buffer.alloc(16))
  const identity = Buffer.concat([cipher.update(sized(secret)), cipher.final()])
  const integrity = createHmac('sha256', kdfa(seed, 'INTEGRITY', new Uint8Array(), 256))
    .update(identity)
    .update(name)
    .digest()
  return new Uint8Array(Buffer.concat([sized(Buffer.concat([sized(integrity), identity])), sized(encryptedSeed)]))
}

/** KDFa (Part 1, 11.4.10.2) with SHA-256, one round: at most 256 bits. */
function kdfa(key: Uint8Array, label: string, context: Uint8Array, bits: 128 | 256): Uint8Array {
  const block = createHmac('sha256', key)
    .update(Uint8Array.of(0, 0, 0, 1))
    .update(`${label}\0`)
    .update(context)
    .update(Uint8Array.of(0, 0, bits >> 8, bits & 0xff))
  return block.digest().subarray(0, bits / 8)
}

function sized(bytes: Uint8Array): Buffer {
  return Buffer.concat([Uint8Array.of(bytes.length >> 8, bytes.length & 0xff), bytes])
}
