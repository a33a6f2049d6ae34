// SPDX-License-Identifier: Apache-2.0
//
// The one text of a signed part that every approver signs: OLPC canonical JSON as @tufjs/models, and so every TUF client, builds it.
import { createPublicKey, verify } from 'node:crypto'
import { Metadata, MetadataKind, Signature as ModelSignature } from '@tufjs/models'
import { PublishError } from './error.ts'
import type { Signer } from './key.ts'
import type { Document, Signature, Signed, TufKey } from './metadata.ts'

/** @throws Error of @tufjs/models where it would not accept the document. */
export function modelOf(document: Document<Signed>) {
  const json = { signed: document.signed, signatures: document.signatures.map((signature) => ({ ...signature })) }
  switch (document.signed._type) {
    case 'root':
      return Metadata.fromJSON(MetadataKind.Root, json)
    case 'targets':
      return Metadata.fromJSON(MetadataKind.Targets, json)
    case 'snapshot':
      return Metadata.fromJSON(MetadataKind.Snapshot, json)
    case 'timestamp':
      return Metadata.fromJSON(MetadataKind.Timestamp, json)
  }
}

export function signedBytes(signed: Signed): Uint8Array {
  let bytes = new Uint8Array()
  // The library has no function for these bytes: it hands them to a signer.
  modelOf({ signed, signatures: [] }).sign((canonical) => {
    bytes = new Uint8Array(canonical)
    return new ModelSignature({ keyID: '', sig: '' })
  })
  return bytes
}

export function isSignedBy(bytes: Uint8Array, key: TufKey, signature: Signature): boolean {
  const x = Buffer.from(key.keyval.public, 'hex').toString('base64url')
  const publicKey = createPublicKey({ format: 'jwk', key: { kty: 'OKP', crv: 'Ed25519', x } })
  return verify(null, bytes, publicKey, Buffer.from(signature.sig, 'hex'))
}

/** @throws PublishError `signature-invalid` when what the signer returns does not verify under its own public key. */
export async function signWith(signer: Signer, key: TufKey, bytes: Uint8Array): Promise<Signature> {
  const signature = { keyid: signer.keyId, sig: Buffer.from(await signer.sign(bytes)).toString('hex') }
  if (!/^[0-9a-f]{128}$/.test(signature.sig) || !isSignedBy(bytes, key, signature)) {
    throw new PublishError('signature-invalid', `the signature by \`${signer.keyId}\` does not verify under its public key`)
  }
  return signature
}
